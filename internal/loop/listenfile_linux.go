//go:build linux && !portable

package loop

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

func listenFile(address string) (file *os.File, addr net.Addr, path string, err error) {
	ln, path, err := listenNet(address)
	if err != nil {
		return nil, nil, "", err
	}
	defer ln.Close()
	file, err = ln.(interface{ File() (*os.File, error) }).File()
	return file, ln.Addr(), path, err
}

func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// peekByte looks at a byte of input without taking it.
func peekByte(fd int, p *[1]byte) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(p)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
