package http1

import (
	"strings"
	"testing"
)

func TestFieldIDs(t *testing.T) {
	for id := Unknown + 1; id < fieldIDs; id++ {
		name := knownFields[id].name
		if name == "" {
			t.Fatalf("field %d has no name", id)
		}
		for _, spelling := range []string{name, strings.ToUpper(name)} {
			if got := fieldID([]byte(spelling)); got != id {
				t.Errorf("%s is %d, want %d", spelling, got, id)
			}
		}
		for _, other := range []string{name + "x", "x" + name, name[:len(name)-1] + "\x7f"} {
			if got := fieldID([]byte(other)); got == id {
				t.Errorf("%s is taken for %s", other, name)
			}
		}
	}
	for name, want := range map[string]FieldID{
		"X-Client-Cert": XClientCert, "x-client-cert-subject": XClientCert, "X-Client-Certs": Unknown, "X-Client": Unknown, "X": Unknown,
	} {
		if got := fieldID([]byte(name)); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

// A name in which underscores stand for hyphens must not pass for the field that
// it would be to a CGI program (RFC 3875 4.1.18).
func TestLookAlikes(t *testing.T) {
	for name, want := range map[string]bool{
		"Content_Length": true, "Transfer_Encoding": true, "X_Forwarded_For": true, "x_forwarded-PROTO": true, "X-Forwarded_Host": true,
		"X_Real_IP": true, "X_Request_ID": true, "X_Client_Cert": true, "x_client_cert_subject": true, "X-Client-Cert_Serial": true, "Keep_Alive": true,
		"X_Under_Score": false, "X-Forwarded-For": false, "_": false, "X_Forwarded_Forx": false, "Ho_st": false,
		"X_Client_Cert_" + strings.Repeat("a", 100): true,
	} {
		r, status := parseRequest(t, get("/", hostLine+name+": 5\r\n"))
		f := &r.Fields[1]
		if status != 0 || f.LookAlike != want || want && f.ID != Unknown || r.Framing != NoBody {
			t.Errorf("%s: status %d, %+v", name, status, f)
		}
	}
}

func TestHopByHop(t *testing.T) {
	for _, c := range []struct {
		section, fields string
		hop, stays      []string
	}{
		{"RFC 9110 7.6.1",
			"Connection: close\r\nKeep-Alive: 1\r\nProxy-Connection: a\r\nTE: a\r\nTransfer-Encoding: chunked\r\nUpgrade: a\r\nTrailer: a\r\n",
			[]string{"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade"}, []string{"Host", "Trailer"}},
		{"RFC 9110 11.7", "Proxy-Authorization: a\r\nAuthorization: b\r\n", []string{"Proxy-Authorization"}, []string{"Authorization"}},
		{"RFC 7540 3.2.1", "HTTP2-Settings: a\r\n", []string{"HTTP2-Settings"}, nil},
		{"RFC 9110 7.6.1, a list", "X-A: 1\r\nConnection: x-a ,, X-B,close,Close\r\nX-b: 2\r\nX-C: 3\r\nClose: 4\r\n",
			[]string{"X-A", "X-b", "Close"}, []string{"X-C"}},
		{"RFC 9110 7.6.1, several lines", "Connection: X-A\r\nX-A: 1\r\nX-A: 2\r\nConnection: X-B\r\nX-B: 3\r\n", []string{"X-A", "X-B"}, nil},
		{"what Connection can not take away",
			"Connection: Host, Content-Length, Cookie, Authorization, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host\r\n" +
				"Connection: X-Forwarded-Port, X-Real-IP, X-Request-ID, X-Client-Cert-A, Forwarded, Via, Content-Type, Content-Encoding\r\n" +
				"Content-Length: 1\r\nCookie: a=b\r\nAuthorization: a\r\nX-Forwarded-For: a\r\nX-Forwarded-Proto: a\r\nX-Forwarded-Host: a\r\n" +
				"X-Forwarded-Port: 1\r\nX-Real-IP: a\r\nX-Request-ID: a\r\nX-Client-Cert-A: a\r\nForwarded: for=a\r\nVia: a\r\nContent-Type: a/b\r\nContent-Encoding: a\r\n",
			[]string{"Connection"}, []string{"Host", "Content-Length", "Cookie", "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
				"X-Forwarded-Port", "X-Real-IP", "X-Request-ID", "X-Client-Cert-A", "Forwarded", "Via", "Content-Type", "Content-Encoding"}},
	} {
		t.Run(c.section, func(t *testing.T) {
			r, status := parseRequest(t, get("/", hostLine+c.fields))
			if status != 0 {
				t.Fatal("status", status)
			}
			for _, f := range r.Fields {
				for _, name := range c.hop {
					if string(f.Name) == name && !f.Hop {
						t.Errorf("%s is to be forwarded", name)
					}
				}
				for _, name := range c.stays {
					if string(f.Name) == name && f.Hop {
						t.Errorf("%s is not to be forwarded", name)
					}
				}
			}
		})
	}
}

func TestNominates(t *testing.T) {
	var r Response
	head := "HTTP/1.1 200 OK\r\nConnection: close, X-A\r\nConnection: x-b\r\n\r\n"
	if _, err := r.Parse([]byte(head), nil, DefaultLimits); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"x-a": true, "X-B": true, "X-C": false, "": false} {
		if r.Nominates([]byte(name)) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestFieldLookup(t *testing.T) {
	r, _ := parseRequest(t, get("/", hostLine+"X-A: 1\r\nCookie: a\r\nx-a: 2\r\n"))
	if f := r.Get(Cookie); f == nil || string(f.Value) != "a" {
		t.Errorf("Cookie: %+v", f)
	}
	if f := r.Get(Date); f != nil {
		t.Errorf("Date: %+v", f)
	}
	if value, ok := r.GetName("X-a"); !ok || string(value) != "1" {
		t.Errorf("X-a: %q, %v", value, ok)
	}
	if value, ok := r.GetName("X-B"); ok || value != nil {
		t.Errorf("X-B: %q, %v", value, ok)
	}
}

func TestFieldValues(t *testing.T) {
	r, _ := parseRequest(t, get("/", hostLine+"A: \t b  c \t\r\nB:\r\nC:  \r\nD:d\r\n"))
	for i, want := range []string{"example.com", "b  c", "", "", "d"} {
		if got := string(r.Fields[i].Value); got != want {
			t.Errorf("%s: %q, want %q", r.Fields[i].Name, got, want)
		}
	}
}

// Every byte at every place of a word that is looked at as a whole.
func TestTextEnd(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			p := []byte(strings.Repeat("\xfe\t~ ", 5))
			p[at] = byte(c)
			want := len(p)
			if c < ' ' && c != '\t' || c == 0x7f {
				want = at
			}
			for start := range at + 1 {
				if got := textEnd(p, start); got != want {
					t.Fatalf("byte %#x at %d, from %d: %d, want %d", c, at, start, got, want)
				}
			}
		}
	}
}

func TestValidField(t *testing.T) {
	for name, want := range map[string]bool{"X-A": true, "": false, "X A": false, "X:": false, "\xe9": false} {
		if ValidFieldName(name) != want {
			t.Errorf("name %q: %v", name, !want)
		}
	}
	for value, want := range map[string]bool{"": true, "a\tb \xff": true, "a\r\nb": false, "a\x00": false, "\x7f": false} {
		if ValidFieldValue(value) != want {
			t.Errorf("value %q: %v", value, !want)
		}
	}
}
