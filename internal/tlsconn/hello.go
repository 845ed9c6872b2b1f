package tlsconn

import "errors"

// A Hello is what a client says before anything is encrypted.
type Hello struct {
	ServerName string   // empty: none was sent
	Protocols  []string // of ALPN; nil: none
}

// A HelloState is how far [ParseClientHello] came.
type HelloState uint8

const (
	// Incomplete: more has to be read.
	Incomplete HelloState = iota
	// NotTLS: this is no ClientHello, whatever follows. An error says why
	// where it began like one.
	NotTLS
	// Complete: the ClientHello is whole.
	Complete
)

const (
	// MaxHello is how many bytes a ClientHello may have, its records' headers included.
	MaxHello = 64 << 10
	// maxHelloRecords bounds what a client can make of fragments; honest ones send a few.
	maxHelloRecords = 128
)

var (
	errHelloTooLarge  = errors.New("tls: client hello larger than 64 KiB")
	errHelloFragments = errors.New("tls: client hello in too many records")
	errHelloRecord    = errors.New("tls: bad record before the end of the client hello")
	errHelloMessage   = errors.New("tls: malformed client hello")
)

const (
	recordHandshake     = 22
	recordMajor         = 3 // first byte of the version, which says no more
	messageClientHello  = 1
	messageHeader       = 4
	extensionServerName = 0
	extensionALPN       = 16
	nameTypeHost        = 0
)

// ParseClientHello reads the client's first message out of all that the
// connection has received (RFC 8446 4.1.2, 5.1), wherever segments and records
// divide it. It is called again with all bytes when more have come.
func ParseClientHello(p []byte) (Hello, HelloState, error) {
	if len(p) > 0 && p[0] != recordHandshake || len(p) > 1 && p[1] != recordMajor {
		return Hello{}, NotTLS, nil
	}
	message, err := helloMessage(p)
	switch {
	case err != nil:
		return Hello{}, NotTLS, err
	case message == nil && len(p) >= MaxHello:
		return Hello{}, NotTLS, errHelloTooLarge
	case message == nil:
		return Hello{}, Incomplete, nil
	}
	var h Hello
	if !h.parse(message[messageHeader:]) {
		return Hello{}, NotTLS, errHelloMessage
	}
	return h, Complete, nil
}

// helloMessage joins the records of the first handshake message; nil: more is needed.
func helloMessage(p []byte) (message []byte, err error) {
	for range maxHelloRecords {
		if len(p) < recordHeader {
			return nil, nil
		}
		n := int(p[3])<<8 | int(p[4])
		if p[0] != recordHandshake || p[1] != recordMajor || n == 0 || n > maxPlaintext {
			return nil, errHelloRecord
		}
		fragment := p[recordHeader:min(recordHeader+n, len(p))]
		if message == nil {
			message = fragment[:len(fragment):len(fragment)]
		} else {
			message = append(message, fragment...)
		}
		length := messageHeader
		if len(message) > 0 && message[0] != messageClientHello {
			return nil, errHelloMessage
		}
		if len(message) >= messageHeader {
			length += int(message[1])<<16 | int(message[2])<<8 | int(message[3])
		}
		switch {
		case length > MaxHello:
			return nil, errHelloTooLarge
		case len(fragment) < n:
			return nil, nil
		case len(message) >= length && len(message) >= messageHeader:
			return message[:length], nil
		}
		p = p[recordHeader+n:]
	}
	return nil, errHelloFragments
}
