package wire

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// readLength reads n bytes; what came before an error is returned with it.
func readLength(br *bufio.Reader, n int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(br, n))
	if err == nil && int64(len(body)) < n {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

// readChunked reads a chunked body (RFC 9112, section 7.1). Extensions are
// allowed and dropped.
func readChunked(br *bufio.Reader) (body []byte, trailers Fields, err error) {
	for {
		line, err := readLine(br)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return body, nil, err
		}
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(digits, 16, 63)
		if err != nil || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
			return body, nil, malformed("chunk size %q", clip([]byte(line)))
		}
		if size == 0 {
			trailers, err = readFields(br)
			return body, trailers, err
		}
		data, err := readLength(br, int64(size))
		body = append(body, data...)
		if err != nil {
			return body, nil, err
		}
		end, err := readLength(br, 2)
		if err != nil {
			return body, nil, err
		}
		if string(end) != "\r\n" {
			return body, nil, malformed("%q after the data of a chunk", end)
		}
	}
}
