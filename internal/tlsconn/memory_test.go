//go:build linux && !portable && !race

package tlsconn

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"spillway/internal/loop"
)

const idleClients = 2000

// clientsOf is set in the process that TestIdleMemory starts for the clients.
const clientsOf = "TLSCONN_TEST_CLIENTS_OF"

func TestMain(m *testing.M) {
	if address := os.Getenv(clientsOf); address != "" {
		beClients(address)
		return
	}
	os.Exit(m.Run())
}

// beClients holds connections that have had one exchange, until its input ends.
func beClients(address string) {
	conns := make([]*tls.Conn, 0, idleClients)
	for range idleClients {
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"})
		if err == nil {
			_, err = c.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		}
		if err == nil {
			_, err = c.Read(make([]byte, 100))
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		conns = append(conns, c)
	}
	fmt.Println("connected")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	runtime.KeepAlive(conns)
}

// An idleClient is a connection that was served once and rests.
type idleClient struct {
	conn   *Conn
	served *atomic.Int32
}

func (i *idleClient) Wake(loop.Event) { i.conn.Close() }

func (i *idleClient) Run(t *loop.Task) {
	if err := i.conn.Handshake(t, 0); err != nil {
		return
	}
	var p [512]byte
	if n, err := i.conn.Read(t, p[:]); err != nil || n == 0 {
		return
	}
	if _, err := i.conn.Write(t, []byte("HTTP/1.1 204 No Content\r\n\r\n")); err == nil && i.conn.Idle(i) {
		i.served.Add(1)
	}
}

func resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func inUse() int {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

func TestAnIdleConnectionHoldsLittle(t *testing.T) {
	b := newBench(t)
	var served atomic.Int32
	kept := make([]*idleClient, 0, idleClients)
	ln, err := b.group.Listen("127.0.0.1:0", acceptor(func(under *loop.Conn) {
		i := &idleClient{conn: b.worker.Server(under, b.server, nil), served: &served}
		kept = append(kept, i)
		b.loop.Start(i)
	}))
	if err != nil {
		t.Fatal(err)
	}
	// One connection first, for what all share.
	c, _ := b.connect(sides[1])
	b.onLoop(c.Close)
	heap, rss := inUse(), resident(t)

	clients := exec.Command(os.Args[0])
	clients.Env = append(os.Environ(), clientsOf+"="+ln.Addr().(*net.TCPAddr).String())
	input, _ := clients.StdinPipe()
	output, _ := clients.StdoutPipe()
	if err := clients.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		input.Close()
		_ = clients.Wait()
	}()
	if line, _ := bufio.NewReader(output).ReadString('\n'); line != "connected\n" {
		t.Fatalf("the clients say %q", line)
	}
	b.eventually("all rest", func() bool { return served.Load() == idleClients })
	perHeap, perRSS := (inUse()-heap)/idleClients, (resident(t)-rss)/idleClients
	t.Logf("an idle connection holds %d bytes; the process grew by %d", perHeap, perRSS)
	if perHeap > 10<<10 {
		t.Errorf("an idle connection holds %d bytes", perHeap)
	}
	runtime.KeepAlive(kept)
}
