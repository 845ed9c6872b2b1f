//go:build !linux

package admin

// process adds nothing where no kernel was asked.
func (c *collection) process() {}
