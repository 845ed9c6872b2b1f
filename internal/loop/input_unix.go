//go:build unix && (!linux || portable)

package loop

import "syscall"

// waitInput waits until there is input, or its end, and takes neither.
func waitInput(socket syscall.RawConn) error {
	var err error
	waiting := socket.Read(func(fd uintptr) bool {
		for {
			var one [1]byte
			_, _, err = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
			if err != syscall.EINTR {
				return err != syscall.EAGAIN
			}
		}
	})
	if waiting != nil {
		return waiting
	}
	return err
}
