package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"spillway/proxy"
)

// Options are what a Server is made of.
type Options struct {
	Proxy *proxy.Server // required

	// Reload reads the configuration again and puts it into force. Its error is
	// shown as it is to whoever asked. It is called once at a time. Nil: there is
	// nothing to read again.
	Reload func() error

	Version string       // for the status and the metrics
	Log     *slog.Logger // of what operators do; nil: none
}

// A Server answers at the admin address. Its methods may be called from any goroutine.
type Server struct {
	options   Options
	handler   http.Handler
	http      *http.Server
	reloading sync.Mutex
	stop      chan struct{}
	stopOnce  sync.Once
	running   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	names    []string // besides those of the loopback: the host of the configured address
}

// A client gets as much time as an honest one on the same machine could need; the
// writing has to leave room for a profile of a minute.
const (
	headTimeout  = 5 * time.Second
	readTimeout  = 15 * time.Second
	writeTimeout = 2 * time.Minute
	idleTimeout  = time.Minute
	headLimit    = 16 << 10
	bodyLimit    = 64 << 10
)

// rememberEvery is how often the proxy is told to move its recent past on.
const rememberEvery = 15 * time.Second

// New makes a server that does not listen yet. [Server.ServeHTTP] can be used at once.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{options: o, stop: make(chan struct{})}
	s.handler = s.routes()
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headLimit,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve opens address, host:port or unix:/path, and answers there until Close.
// It returns at once; its error says why the address could not be opened. It is
// called once. A unix socket is its owner's alone.
func (s *Server) Serve(address string) error {
	ln, err := listen(address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.listener = ln
	if host, _, err := net.SplitHostPort(address); err == nil {
		s.names = append(s.names, plainHost(host))
	} else {
		s.names = append(s.names, "unix") // what clients of a socket call it
	}
	s.mu.Unlock()
	s.running.Go(func() {
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.options.Log.Error("the admin address no longer answers", "error", err)
		}
	})
	s.running.Go(s.remember)
	return nil
}

// Addr is the address that is listened on; nil before Serve.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// closePatience is what running requests have to end.
const closePatience = time.Second

// Close ends the server and returns when it has ended. Closing twice is fine.
func (s *Server) Close() error {
	s.stopOnce.Do(func() { close(s.stop) })
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.running.Wait()
	return err
}

func (s *Server) remember() {
	every := time.NewTicker(rememberEvery)
	defer every.Stop()
	for {
		s.options.Proxy.Remember()
		select {
		case <-s.stop:
			return
		case <-every.C:
		}
	}
}

func listen(address string) (net.Listener, error) {
	path, unix := strings.CutPrefix(address, "unix:")
	if !unix {
		return net.Listen("tcp", address)
	}
	removeAbandoned(path)
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		ln.Close()
		return nil, err
	}
	return ln, nil
}

// removeAbandoned removes the file of a socket that no process listens on any more.
func removeAbandoned(path string) {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeSocket {
		return
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
	} else if refused(err) {
		os.Remove(path)
	}
}
