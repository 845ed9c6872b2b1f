package http1

import "bytes"

// connectionOptions is what the Connection fields of a message say.
type connectionOptions struct {
	close, keepAlive, upgrade bool
	odd                       bool // something among them is no option
	named                     int  // options that are names of fields, perhaps
}

// maxNamed bounds the work that a list of field names can cause.
const maxNamed = 64

// add takes one Connection field and marks the fields that it names, which may
// stand before or after it (RFC 9110 7.6.1).
func (o *connectionOptions) add(list []byte, fields []Field) fault {
	for len(list) > 0 {
		var option []byte
		option, list = nextElement(list)
		switch {
		case len(option) == 0:
		case equalFold(option, "keep-alive"):
			o.keepAlive = true
		case equalFold(option, "upgrade"):
			o.upgrade = true
		case !isToken(option):
			o.odd = true
		default:
			if equalFold(option, "close") {
				o.close = true
			}
			if o.named++; o.named > maxNamed {
				return manyOptions
			}
			nominate(fields, option)
		}
	}
	return noFault
}

func nominate(fields []Field, name []byte) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(name) && !knownFields[f.ID].stays && sameName(f.Name, name) {
			f.Hop = true
		}
	}
}

// nominated tells whether a Connection field names name.
func nominated(fields []Field, name []byte) bool {
	for i := range fields {
		if fields[i].ID != Connection {
			continue
		}
		for rest := fields[i].Value; len(rest) > 0; {
			var option []byte
			option, rest = nextElement(rest)
			if sameName(option, name) {
				return true
			}
		}
	}
	return false
}

// persists tells whether the connection outlives the message (RFC 9112 9.3). One
// on which something was odd does not.
func (o *connectionOptions) persists(minor uint8) bool {
	return !o.close && !o.odd && (minor > 0 || o.keepAlive)
}

// protocols returns the value of a message's Upgrade field, or nil if it has
// none, several, or one that is not a list of protocols (RFC 9110 7.8).
func protocols(fields []Field) []byte {
	var value []byte
	for i := range fields {
		if fields[i].ID != Upgrade {
			continue
		}
		if value != nil {
			return nil
		}
		value = fields[i].Value
	}
	for rest := value; len(rest) > 0; {
		var each []byte
		each, rest = nextElement(rest)
		name, version, versioned := bytes.Cut(each, []byte{'/'})
		if !isToken(name) || versioned && !isToken(version) {
			return nil
		}
	}
	if len(value) == 0 {
		return nil
	}
	return value
}

// offers tells whether a list of protocols has one of that name, in whatever version.
func offers(list []byte, names ...string) bool {
	for len(list) > 0 {
		var each []byte
		each, list = nextElement(list)
		name, _, _ := bytes.Cut(each, []byte{'/'})
		for _, n := range names {
			if equalFold(name, n) {
				return true
			}
		}
	}
	return false
}
