package http1

// An Error says why a message was refused: the status to answer with, and a
// reason that repeats nothing of what was received. Errors are shared values:
// two for the same reason are the same pointer, and none may be changed.
type Error struct {
	Status int
	Reason string
}

func (e *Error) Error() string { return e.Reason }

// A fault is a reason for an Error; zero is none.
type fault uint8

const (
	noFault fault = iota
	badRequestLine
	badMethod
	longMethod
	badTarget
	longTarget
	badVersion
	otherVersion
	badStatusLine
	badLineEnd
	badName
	spaceBeforeColon
	badValue
	foldedLine
	manyFields
	longHead
	noHost
	manyHosts
	badHost
	badLength
	manyLengths
	lengthAndCoding
	badCoding
	oldCoding
	otherCoding
	badExpectation
	manyOptions
	badChunk
	longExtension
	badTrailer
	faults
)

var requestErrors = [faults]Error{
	badRequestLine:   {400, "malformed request line"},
	badMethod:        {400, "malformed method"},
	longMethod:       {501, "this method is not supported"},
	badTarget:        {400, "malformed request target"},
	longTarget:       {414, "the request target is too long"},
	badVersion:       {400, "malformed HTTP version"},
	otherVersion:     {505, "this HTTP version is not supported here"},
	badStatusLine:    {502, "malformed status line"},
	badLineEnd:       {400, "a line does not end with CR LF"},
	badName:          {400, "malformed field name"},
	spaceBeforeColon: {400, "white space between a field name and its colon"},
	badValue:         {400, "a field value has a control character"},
	foldedLine:       {400, "a field line begins with white space"},
	manyFields:       {431, "too many fields"},
	longHead:         {431, "the head is too large"},
	noHost:           {400, "missing Host"},
	manyHosts:        {400, "more than one Host"},
	badHost:          {400, "malformed Host"},
	badLength:        {400, "malformed Content-Length"},
	manyLengths:      {400, "differing Content-Lengths"},
	lengthAndCoding:  {400, "both Content-Length and Transfer-Encoding"},
	badCoding:        {400, "malformed Transfer-Encoding"},
	oldCoding:        {400, "Transfer-Encoding needs HTTP/1.1"},
	otherCoding:      {501, "this transfer coding is not supported"},
	badExpectation:   {417, "this expectation can not be met"},
	manyOptions:      {400, "too many connection options"},
	badChunk:         {400, "malformed chunked body"},
	longExtension:    {400, "too many bytes of chunk extensions"},
	badTrailer:       {400, "malformed trailer section"},
}

// responseErrors are the same reasons where a response is at fault: whatever is
// wrong with it, the client is told 502 (RFC 9110 15.6.3).
var responseErrors = func() (errors [faults]Error) {
	for i, e := range requestErrors {
		errors[i] = Error{502, e.Reason}
	}
	return errors
}()

func (f fault) inRequest() error {
	if f == noFault {
		return nil
	}
	return &requestErrors[f]
}

func (f fault) inResponse() error {
	if f == noFault {
		return nil
	}
	return &responseErrors[f]
}
