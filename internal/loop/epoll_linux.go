//go:build linux && !portable

package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollDoze is epollWait behind the scheduler's back. What the scheduler wants
// of the thread ends it: it signals.
func (k *kernel) epollDoze(poll int, events []syscall.EpollEvent, milliseconds int) int {
	k.calls.Waits++
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(poll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(milliseconds), 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (k *kernel) epollWait(poll int, events []syscall.EpollEvent, milliseconds int) int {
	k.calls.Waits++
	n, err := syscall.EpollWait(poll, events, milliseconds)
	if err != nil {
		return 0
	}
	return n
}

func eventfd() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) }

func signalEventfd(fd int) {
	one := [8]byte{1}
	_, _ = syscall.Write(fd, one[:])
}

func drainEventfd(fd int) {
	var count [8]byte
	_, _ = syscall.Read(fd, count[:])
}

// peekByte looks at a byte of input without taking it.
func (k *kernel) peekByte(fd int, p *[1]byte) error {
	k.calls.IO++
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(p)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func (k *kernel) send(fd int, vectors []unix.Iovec, flags int) (int, syscall.Errno) {
	k.calls.IO++
	message := &k.message
	message.Iov = &vectors[0]
	message.SetIovlen(len(vectors))
	n, _, errno := syscall.RawSyscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(message)), uintptr(flags))
	if errno != 0 {
		n = 0
	}
	return int(n), errno
}
