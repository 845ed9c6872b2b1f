package http2

import "encoding/binary"

type settingID uint16

// The settings (RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1).
const (
	headerTableSize       settingID = 0x1
	enablePush            settingID = 0x2
	maxConcurrentStreams  settingID = 0x3
	initialWindowSize     settingID = 0x4
	maxFrameSize          settingID = 0x5
	maxHeaderListSize     settingID = 0x6
	enableConnectProtocol settingID = 0x8
	noPriorities          settingID = 0x9
)

type setting struct {
	id    settingID
	value uint32
}

// peerSettings are what the peer has said of itself.
type peerSettings struct {
	window          int64 // of a new stream
	maxStreams      uint32
	connectProtocol bool
}

func (c *conn) sendSettings(settings []setting) {
	p := c.out.frame(frameHeader{length: len(settings) * settingLen, kind: settingsFrame})
	for i, s := range settings {
		binary.BigEndian.PutUint16(p[i*settingLen:], uint16(s.id))
		binary.BigEndian.PutUint32(p[i*settingLen+2:], s.value)
	}
	c.flush()
}

func (c *conn) takeSettings(h frameHeader, p []byte) ErrCode {
	switch {
	case h.stream != 0:
		return ProtocolError
	case h.has(flagAck) && h.length != 0, h.length%settingLen != 0:
		return FrameSizeError
	case h.has(flagAck):
		return c.spend(SettingsFlood)
	}
	if !c.settled {
		c.settled = true
		c.peer.maxStreams = maxStreamID // unless they say otherwise
	}
	for ; len(p) > 0; p = p[settingLen:] {
		s := setting{settingID(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:])}
		if code := c.apply(s); code != NoError {
			return code
		}
	}
	c.out.frame(frameHeader{kind: settingsFrame, flags: flagAck})
	c.flush()
	c.side.streamsChanged()
	c.grant()
	return c.spend(SettingsFlood)
}

// apply takes one setting of the peer; unknown ones mean nothing.
func (c *conn) apply(s setting) ErrCode {
	switch s.id {
	case headerTableSize:
		c.resizeTable(s.value)
	case enablePush:
		if s.value > 1 || s.value == 1 && c.isClient {
			return ProtocolError
		}
	case maxConcurrentStreams:
		c.peer.maxStreams = s.value
	case initialWindowSize:
		if s.value > maxWindow {
			return FlowControlError
		}
		return c.moveWindows(int64(s.value))
	case maxFrameSize:
		if s.value < ownMaxFrame || s.value > 1<<24-1 {
			return ProtocolError
		}
	case enableConnectProtocol:
		if s.value > 1 || s.value == 0 && c.peer.connectProtocol {
			return ProtocolError
		}
		c.peer.connectProtocol = s.value == 1
	}
	return NoError
}

// moveWindows applies a new initial window to the streams there are, whose
// windows may become negative (RFC 9113 6.9.2).
func (c *conn) moveWindows(initial int64) ErrCode {
	by := initial - c.peer.window
	c.peer.window = initial
	for _, s := range c.streams {
		if s.window+by > maxWindow {
			return FlowControlError
		}
		s.window += by
		s.windowMoved()
	}
	return NoError
}
