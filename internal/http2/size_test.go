package http2

import (
	"testing"
	"unsafe"
)

// TestSizes holds what doc.go says.
func TestSizes(t *testing.T) {
	for what, size := range map[string][2]uintptr{
		"ServerConn":  {unsafe.Sizeof(ServerConn{}), 640},
		"ClientConn":  {unsafe.Sizeof(ClientConn{}), 640},
		"Stream":      {unsafe.Sizeof(Stream{}), 352},
		"large block": {unsafe.Sizeof(largeBlock{}), 32 << 10},
		"small block": {unsafe.Sizeof(smallBlock{}), 4 << 10},
	} {
		if size[0] > size[1] {
			t.Errorf("%s: %d bytes, at most %d", what, size[0], size[1])
		}
	}
}
