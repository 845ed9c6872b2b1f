//go:build !unix

package loop

import "syscall"

// waitInput waits until there is input, or its end, and takes neither.
func waitInput(socket syscall.RawConn) error {
	looked := false
	return socket.Read(func(uintptr) bool {
		// Between the two calls package net waits, by a read of no bytes.
		enough := looked
		looked = true
		return enough
	})
}
