//go:build !asan

package datatype_test

const asanEnabled = false
