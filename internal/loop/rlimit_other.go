//go:build !unix

package loop

// RaiseFileLimit does nothing where there is no such limit.
func RaiseFileLimit() (uint64, error) { return 0, nil }
