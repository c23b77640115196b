package attr

// Library is the library's key, which C code may know.
func (k *Key) Library() int { return k.h }

// Live is how many keys and values there are.
func Live() (nkeys, nvalues int) {
	mu.Lock()
	defer mu.Unlock()
	return len(keys), len(values)
}
