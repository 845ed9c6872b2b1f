//go:build linux && !portable && race

package loop

import "syscall"

// Package syscall tells the race detector which memory the kernel touched.

func (k *kernel) read(fd int, p []byte) (int, syscall.Errno) {
	k.calls.IO++
	n, err := syscall.Read(fd, p)
	return n, errnoOf(err)
}

func (k *kernel) write(fd int, p []byte) (int, syscall.Errno) {
	k.calls.IO++
	n, err := syscall.Write(fd, p)
	return n, errnoOf(err)
}

func errnoOf(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
