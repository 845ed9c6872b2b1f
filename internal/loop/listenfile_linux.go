//go:build linux && !portable

package loop

import (
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
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

// nonblockingDuplicate outlives the file.
func nonblockingDuplicate(file *os.File) (int, error) {
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}
