package interop

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

// TestH2Spec runs every case of h2spec, also the strict ones.
func TestH2Spec(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // an answer that comes early hides what is wrong with the rest of the request
		io.WriteString(w, strings.Repeat("an answer of some length. ", 10))
	}))
	t.Cleanup(backend.Close)
	f := start(t, backend.Listener.Addr().String(), "")
	for name, address := range map[string]string{"TLS": f.secure, "h2c": f.plain} {
		t.Run(name, func(t *testing.T) {
			host, port, _ := net.SplitHostPort(address)
			number, _ := strconv.Atoi(port)
			c := &config.Config{Host: host, Port: number, Path: "/", Timeout: 2 * time.Second, MaxHeaderLen: 4000,
				Strict: true, TLS: name == "TLS", Insecure: true}
			for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
				runGroup(t, c, group)
			}
		})
	}
}

func runGroup(t *testing.T, c *config.Config, group *spec.TestGroup) {
	for _, test := range slices.Concat(group.Tests, group.StrictTests) {
		t.Run(group.ID()+" "+test.Desc, func(t *testing.T) {
			if !c.TLS && test.Desc == "Sends invalid connection preface" {
				refusesForeignPreface(t, c.Addr())
				return
			}
			if err := test.Test(c, 1); err != nil {
				t.Errorf("%s: %v", test.Requirement, err)
			}
			if r := test.Result; r == nil || r.Failed || r.Skipped {
				t.Errorf("%s: %+v", test.Requirement, r)
			}
		})
	}
	for _, each := range group.Groups {
		runGroup(t, c, each)
	}
}

// refusesForeignPreface stands in for a case of h2spec where the port also
// speaks HTTP/1.1: what is no preface is a bad request of that, and answered so
// before the connection ends.
func refusesForeignPreface(t *testing.T, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "INVALID CONNECTION PREFACE\r\n\r\n")
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Fatalf("%v, %v, want 400", answer, err)
	}
	io.Copy(io.Discard, answer.Body)
	if _, err := reader.ReadByte(); err != io.EOF {
		t.Errorf("after the answer: %v, want the end", err)
	}
}
