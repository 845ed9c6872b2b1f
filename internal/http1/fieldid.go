package http1

// FieldID stands for the name of a field that a proxy has to know.
type FieldID uint8

// The known fields. Those up to Expect decide what a message is.
const (
	Unknown FieldID = iota
	Host
	Connection
	ContentLength
	TransferEncoding
	TE
	Upgrade
	KeepAlive
	Expect
	Trailer
	ProxyConnection
	ProxyAuthenticate
	ProxyAuthorization
	ProxyAuthenticationInfo
	HTTP2Settings
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	XRealIP
	XRequestID
	SpillwayOrigin
	XClientCert // X-Client-Cert and every name that begins with X-Client-Cert-
	Forwarded
	Via
	MaxForwards
	Authorization
	Cookie
	SetCookie
	WWWAuthenticate
	AuthenticationInfo
	ContentType
	ContentEncoding
	ContentRange
	ContentLanguage
	ContentLocation
	CacheControl
	Pragma
	Age
	Date
	Expires
	Vary
	Warning
	Location
	RetryAfter
	Server
	ETag
	LastModified
	Accept
	AcceptEncoding
	Range
	IfRange
	IfMatch
	IfNoneMatch
	IfModifiedSince
	IfUnmodifiedSince
	Origin
	Referer
	UserAgent
	fieldIDs
)

// knownField is what the package knows of a field.
type knownField struct {
	name string // in lower case
	// hop: it concerns one connection and ends there. Besides those of RFC 9110
	// 7.6.1, HTTP2-Settings (RFC 7540 3.2.1) and the credentials of a proxy's own
	// (RFC 9110 11.7).
	hop bool
	// stays: Connection can not take it away, since it frames or routes the message,
	// describes its content, says who the client is, or is spillway's to set.
	// RFC 9110 7.6.1 forbids senders to name such a field.
	stays bool
	// trailer: it may stand in a trailer section (RFC 9110 6.5.1).
	trailer bool
}

var knownFields = [fieldIDs]knownField{
	Host:                    {name: "host", stays: true},
	Connection:              {name: "connection", hop: true},
	ContentLength:           {name: "content-length", stays: true},
	TransferEncoding:        {name: "transfer-encoding", hop: true},
	TE:                      {name: "te", hop: true},
	Upgrade:                 {name: "upgrade", hop: true},
	KeepAlive:               {name: "keep-alive", hop: true},
	Expect:                  {name: "expect", stays: true},
	Trailer:                 {name: "trailer"},
	ProxyConnection:         {name: "proxy-connection", hop: true},
	ProxyAuthenticate:       {name: "proxy-authenticate", hop: true},
	ProxyAuthorization:      {name: "proxy-authorization", hop: true},
	ProxyAuthenticationInfo: {name: "proxy-authentication-info", hop: true},
	HTTP2Settings:           {name: "http2-settings", hop: true},
	XForwardedFor:           {name: "x-forwarded-for", stays: true},
	XForwardedProto:         {name: "x-forwarded-proto", stays: true},
	XForwardedHost:          {name: "x-forwarded-host", stays: true},
	XForwardedPort:          {name: "x-forwarded-port", stays: true},
	XRealIP:                 {name: "x-real-ip", stays: true},
	XRequestID:              {name: "x-request-id", stays: true},
	SpillwayOrigin:          {name: "x-spillway-origin", stays: true},
	XClientCert:             {name: "x-client-cert", stays: true},
	Forwarded:               {name: "forwarded", stays: true},
	Via:                     {name: "via", stays: true},
	MaxForwards:             {name: "max-forwards", stays: true},
	Authorization:           {name: "authorization", stays: true},
	Cookie:                  {name: "cookie", stays: true},
	SetCookie:               {name: "set-cookie", stays: true},
	WWWAuthenticate:         {name: "www-authenticate", stays: true},
	AuthenticationInfo:      {name: "authentication-info", stays: true},
	ContentType:             {name: "content-type", stays: true},
	ContentEncoding:         {name: "content-encoding", stays: true},
	ContentRange:            {name: "content-range", stays: true},
	ContentLanguage:         {name: "content-language", stays: true},
	ContentLocation:         {name: "content-location", stays: true},
	CacheControl:            {name: "cache-control", stays: true},
	Pragma:                  {name: "pragma"},
	Age:                     {name: "age"},
	Date:                    {name: "date", stays: true},
	Expires:                 {name: "expires"},
	Vary:                    {name: "vary", stays: true},
	Warning:                 {name: "warning"},
	Location:                {name: "location", stays: true},
	RetryAfter:              {name: "retry-after"},
	Server:                  {name: "server"},
	ETag:                    {name: "etag", trailer: true},
	LastModified:            {name: "last-modified"},
	Accept:                  {name: "accept"},
	AcceptEncoding:          {name: "accept-encoding"},
	Range:                   {name: "range"},
	IfRange:                 {name: "if-range"},
	IfMatch:                 {name: "if-match"},
	IfNoneMatch:             {name: "if-none-match"},
	IfModifiedSince:         {name: "if-modified-since"},
	IfUnmodifiedSince:       {name: "if-unmodified-since"},
	Origin:                  {name: "origin"},
	Referer:                 {name: "referer"},
	UserAgent:               {name: "user-agent"},
}

// idTable finds IDs by the hash of their names, with linear probing; zeros are
// free places.
var idTable = func() (table [256]FieldID) {
	for id := Unknown + 1; id < fieldIDs; id++ {
		h := nameHash([]byte(knownFields[id].name))
		for table[h] != Unknown {
			h++
		}
		table[h] = id
	}
	return table
}()

func nameHash(name []byte) uint8 {
	n := len(name)
	return uint8(n)*5 + (name[0]|0x20)*3 + (name[n-1]|0x20)*17 + (name[n/2]|0x20)*29
}

// fieldID finds a token among the known names.
func fieldID(name []byte) FieldID {
	for h := nameHash(name); ; h++ {
		id := idTable[h]
		if id == Unknown {
			break
		}
		if known := knownFields[id].name; len(known) == len(name) && equalToken(name, known) {
			return id
		}
	}
	if prefix := knownFields[XClientCert].name; len(name) > len(prefix) && name[0]|0x20 == 'x' &&
		name[len(prefix)] == '-' && equalToken(name[:len(prefix)], prefix) {
		return XClientCert
	}
	return Unknown
}

// equalToken compares a token with a name of the same length in lower-case
// letters, digits and hyphens. No other character of a token becomes one of
// those when the bit of the lower case is set.
func equalToken(token []byte, name string) bool {
	if len(token) == 0 || len(token) != len(name) {
		return false
	}
	for i := range token {
		if token[i]|0x20 != name[i] {
			return false
		}
	}
	return true
}

// looksAlike tells whether a name with underscores would be a known one if they
// were hyphens: many servers hand both to applications as the same variable
// (RFC 3875 4.1.18).
func looksAlike(name []byte) bool { return hyphenated(name) != Unknown }

// hyphenated is the known field that a name would be with its underscores read as hyphens.
func hyphenated(name []byte) FieldID {
	var room [64]byte
	n := copy(room[:], name)
	for i, c := range room[:n] {
		if c == '_' {
			room[i] = '-'
		}
	}
	return fieldID(room[:n])
}
