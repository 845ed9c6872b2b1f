package http1

// An Error says why a message was refused: the status to answer with, and for
// the client a reason that repeats nothing of what it sent. Errors are shared
// values, never made for one message.
type Error struct {
	Status int
	Reason string
}

func (e *Error) Error() string { return e.Reason }

var (
	errRequestLine    = &Error{400, "malformed request line"}
	errMethod         = &Error{400, "malformed method"}
	errTarget         = &Error{400, "malformed request target"}
	errVersion        = &Error{400, "malformed HTTP version"}
	errMajorVersion   = &Error{505, "this HTTP version is not supported here"}
	errLineEnd        = &Error{400, "a line does not end with CR LF"}
	errFieldName      = &Error{400, "malformed field name"}
	errFieldValue     = &Error{400, "malformed field value"}
	errFold           = &Error{400, "folded field lines are not accepted"}
	errHost           = &Error{400, "malformed Host"}
	errNoHost         = &Error{400, "missing Host"}
	errTwoHosts       = &Error{400, "more than one Host"}
	errLength         = &Error{400, "malformed Content-Length"}
	errTwoLengths     = &Error{400, "more than one Content-Length"}
	errLengthAndCode  = &Error{400, "both Content-Length and Transfer-Encoding"}
	errCoding         = &Error{400, "malformed Transfer-Encoding"}
	errCodingVersion  = &Error{400, "Transfer-Encoding needs HTTP/1.1"}
	errUnknownCoding  = &Error{501, "this transfer coding is not supported"}
	errExpect         = &Error{417, "this expectation can not be met"}
	errHeadSize       = &Error{431, "the request head is too large"}
	errFieldCount     = &Error{431, "the request has too many header fields"}
	errTargetSize     = &Error{414, "the request target is too long"}
	errChunk          = &Error{400, "malformed chunked body"}
	errTrailer        = &Error{400, "malformed trailer"}
	errBadStatusLine  = &Error{502, "malformed status line"}
	errBadResponse    = &Error{502, "malformed response head"}
	errResponseSize   = &Error{502, "the response head is too large"}
	errResponseLength = &Error{502, "the response's length is ambiguous"}
)
