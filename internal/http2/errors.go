package http2

import (
	"errors"
	"fmt"
	"strconv"
)

// An ErrCode says why a stream or a connection ended (RFC 9113 7).
type ErrCode uint32

// The codes.
const (
	NoError            ErrCode = 0x0
	ProtocolError      ErrCode = 0x1
	InternalError      ErrCode = 0x2
	FlowControlError   ErrCode = 0x3
	SettingsTimeout    ErrCode = 0x4
	StreamClosed       ErrCode = 0x5
	FrameSizeError     ErrCode = 0x6
	RefusedStream      ErrCode = 0x7
	Cancel             ErrCode = 0x8
	CompressionError   ErrCode = 0x9
	ConnectError       ErrCode = 0xa
	EnhanceYourCalm    ErrCode = 0xb
	InadequateSecurity ErrCode = 0xc
	HTTP11Required     ErrCode = 0xd
)

var codeNames = [...]string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
	"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
	"ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}

func (c ErrCode) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "error code " + strconv.FormatUint(uint64(c), 10)
}

var (
	// ErrRefused says that the peer has not processed the request and never will: it
	// may be sent again, whatever its method (RFC 9113 8.7).
	ErrRefused = errors.New("HTTP/2: the peer did not process the request")
	// ErrGoneAway is an ErrRefused because the peer is done with the connection: on
	// another one it may well process the request (RFC 9113 6.8).
	ErrGoneAway = fmt.Errorf("%w: it has gone away", ErrRefused)
	// ErrReset says that the stream was reset, by either side; the error is a *[ResetError].
	ErrReset = errors.New("HTTP/2: stream reset")
	// ErrConnection says that the connection below the stream has failed or was ended.
	ErrConnection = errors.New("HTTP/2: connection lost")
	// ErrNoUpgrade says that the backend does not take a switch of protocols (RFC 8441).
	ErrNoUpgrade = errors.New("HTTP/2: the peer does not offer extended CONNECT")
	// ErrMessage says that what was written to a stream is no HTTP/1.1 message, or more than one.
	ErrMessage = errors.New("HTTP/2: malformed message for a stream")
	// ErrUnavailable says that a connection takes no further streams.
	ErrUnavailable = errors.New("HTTP/2: the connection takes no further streams")
)

// A ResetError is the end of a stream by a reset.
type ResetError struct {
	Code ErrCode
	// ByPeer is false where this side ended the stream because of what the peer sent.
	ByPeer bool
}

func (e *ResetError) Error() string {
	if e.ByPeer {
		return "HTTP/2: the peer reset the stream: " + e.Code.String()
	}
	return "HTTP/2: stream ended: " + e.Code.String()
}

// Is makes every ResetError an ErrReset.
func (e *ResetError) Is(target error) bool { return target == ErrReset }
