//go:build asan

package datatype_test

// The address sanitizer allocates, so nothing is counted under it.
const asanEnabled = true
