package datatype

// EmptyCache is what Finalize does to the datatypes of Of.
func EmptyCache() { emptyCache() }

// SetMaxCached sets how many the cache may hold, until restore.
func SetMaxCached(n int) (restore func()) {
	old := maxCached
	maxCached = n
	return func() { maxCached = old }
}
