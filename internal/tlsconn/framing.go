package tlsconn

// A framing follows the records in the ciphertext that crypto/tls was given,
// and so knows what crypto/tls may still hold (RFC 8446 5.1).
type framing struct {
	complete int // records whose last byte has passed since the last reset
	left     int // bytes that the present record still needs
	length   int // of the present record, as far as its header is known
	header   uint8
}

const recordHeader = 5

func (f *framing) add(p []byte) {
	for len(p) > 0 {
		if f.header < recordHeader {
			switch f.header {
			case 3:
				f.length = int(p[0]) << 8
			case 4:
				f.length |= int(p[0])
				f.left = f.length
			}
			f.header++
			p = p[1:]
		} else {
			n := min(f.left, len(p))
			f.left -= n
			p = p[n:]
		}
		if f.header == recordHeader && f.left == 0 {
			f.header = 0
			f.complete++
		}
	}
}

// one tells whether just one record has passed, whole, and nothing behind it.
func (f *framing) one() bool { return f.complete == 1 && f.header == 0 }

// reset forgets the records that were complete: they have been used.
func (f *framing) reset() { f.complete = 0 }
