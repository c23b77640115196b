package mpimat

// SetMaxTypes sets how many datatypes are kept, and returns how to undo that.
func SetMaxTypes(n int) (undo func()) {
	old := maxTypes
	maxTypes = n
	return func() { maxTypes = old }
}

// CachedTypes is how many datatypes are kept.
func CachedTypes() int {
	types.mu.RLock()
	defer types.mu.RUnlock()
	return len(types.entries)
}
