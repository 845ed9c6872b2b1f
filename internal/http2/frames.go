package http2

import "encoding/binary"

type frameType uint8

// The types of frames (RFC 9113 6, RFC 9218 7.1).
const (
	dataFrame           frameType = 0x0
	headersFrame        frameType = 0x1
	priorityFrame       frameType = 0x2
	resetFrame          frameType = 0x3
	settingsFrame       frameType = 0x4
	pushPromiseFrame    frameType = 0x5
	pingFrame           frameType = 0x6
	goAwayFrame         frameType = 0x7
	windowUpdateFrame   frameType = 0x8
	continuationFrame   frameType = 0x9
	priorityUpdateFrame frameType = 0x10
)

// The flags of frames.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

const (
	frameHeaderLen = 9
	flagsAt        = 4
	// ownMaxFrame is the largest payload that is taken, and also the largest that is
	// sent to a peer that would take more.
	ownMaxFrame  = 16 << 10
	maxStreamID  = 1<<31 - 1
	maxWindow    = 1<<31 - 1
	firstWindow  = 65535 // of a connection and, before SETTINGS, of a stream
	priorityLen  = 5
	windowLen    = 4
	resetLen     = 4
	pingLen      = 8
	goAwayLen    = 8
	settingLen   = 6
	tableAtStart = 4096
	// streamsAtStart is how many streams a server is expected to take before it says so.
	streamsAtStart = 100
)

// A frameHeader is the beginning of each frame (RFC 9113 4.1).
type frameHeader struct {
	length int
	kind   frameType
	flags  uint8
	stream uint32
}

func (h frameHeader) has(flag uint8) bool { return h.flags&flag != 0 }

// parseFrameHeader reads the first frameHeaderLen bytes of p.
func parseFrameHeader(p []byte) frameHeader {
	return frameHeader{
		length: int(p[0])<<16 | int(p[1])<<8 | int(p[2]),
		kind:   frameType(p[3]),
		flags:  p[flagsAt],
		stream: binary.BigEndian.Uint32(p[5:]) & maxStreamID,
	}
}

// put writes the header to the first frameHeaderLen bytes of p.
func (h frameHeader) put(p []byte) {
	putLength(p, h.length)
	p[3], p[flagsAt] = byte(h.kind), h.flags
	binary.BigEndian.PutUint32(p[5:], h.stream)
}

func putLength(p []byte, n int) { p[0], p[1], p[2] = byte(n>>16), byte(n>>8), byte(n) }

func frameLength(p []byte) int { return int(p[0])<<16 | int(p[1])<<8 | int(p[2]) }

// unpad takes the padding off a payload whose frame has it (RFC 9113 6.1); false
// when there is more of it than there can be.
func unpad(h frameHeader, p []byte) ([]byte, bool) {
	if !h.has(flagPadded) {
		return p, true
	}
	if len(p) == 0 || int(p[0]) >= len(p) {
		return nil, false
	}
	return p[1 : len(p)-int(p[0])], true
}
