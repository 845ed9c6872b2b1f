package proxy

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"spillway/balancer"
	"spillway/evacuation"
	"spillway/health"
	"spillway/internal/accesslog"
	"spillway/internal/config"
	"spillway/internal/loop"
	"spillway/internal/resolve"
	"spillway/internal/tlsconn"
)

// A Server is a running proxy. Its exported methods may be called from any
// goroutine that is not on a loop.
type Server struct {
	log       *slog.Logger
	group     *loop.Group
	workers   []*worker
	resolver  *resolve.Resolver
	snapshot  atomic.Pointer[snapshot]
	draining  atomic.Bool // the process ends: answers say so
	ready     atomic.Bool
	accessLog *accesslog.Log
	distances distances
	started   int64

	mu            sync.Mutex // over everything below: one change at a time
	generation    uint64
	listeners     map[string]*listener  // by address
	pools         map[string]*poolState // by name
	routes        map[string][]routeStats
	budgets       map[budgetKey]balancer.RetryBudgets
	limits        map[string]*limitTables // by route
	drains        evacuation.Drains
	evacuations   evacuation.Registry
	stopped       chan struct{} // closed by Stop
	stopOnce      sync.Once
	gathered      gathering
	lastError     error // of the last reload
	doubt         *health.Doubt
	ticketKeys    *tlsconn.TicketKeys
	ticketTimer   *loop.Timer // on the first loop, like the next
	distanceTimer *loop.Timer
	logConfig     config.AccessLog
}

type budgetKey struct {
	pool  string
	share float64
}

// Options are what a Server needs besides its configuration.
type Options struct {
	Log   *slog.Logger // nil: none
	Loops int          // 0: one per usable CPU
}

// New starts the loops and puts c into force: when it returns without an error,
// all listeners accept. Stop ends it.
func New(c *config.Config, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		log:       o.Log,
		resolver:  resolve.New(),
		listeners: map[string]*listener{},
		pools:     map[string]*poolState{},
		routes:    map[string][]routeStats{},
		budgets:   map[budgetKey]balancer.RetryBudgets{},
		limits:    map[string]*limitTables{},
		started:   loop.Nanotime(),
		stopped:   make(chan struct{}),
	}
	s.doubt = health.NewDoubt(doubtSettings, s.started)
	s.ticketKeys = tlsconn.NewTicketKeys(s.started)
	var err error
	s.group, err = loop.NewGroup(loop.Options{Loops: o.Loops, OnPanic: s.onPanic, OnStall: s.onStall})
	if err != nil {
		return nil, err
	}
	s.workers = make([]*worker, len(s.group.Loops()))
	// The loops run already, and a worker is set up on its own.
	if !s.group.Each(time.Minute, func(l *loop.Loop) { s.workers[l.Index()] = newWorker(s, l) }) {
		s.group.Stop()
		return nil, errors.New("an event loop does not start")
	}
	first := s.workers[0].loop
	first.Post(func() {
		s.ticketTimer = first.NewTimer(s.rotateTickets)
		s.ticketTimer.Set(first.Now() + ticketCheck)
		s.distanceTimer = first.NewTimer(s.watchDistances)
		s.distanceTimer.Set(first.Now() + orderCheck)
	})
	if err := s.setAccessLog(c.AccessLog); err != nil {
		s.group.Stop()
		return nil, err
	}
	if err := s.Reload(c); err != nil {
		s.Stop()
		return nil, err
	}
	s.ready.Store(true)
	return s, nil
}

// Reload puts c into force in place of what runs, whole or not at all. No
// connection is touched: each sees the new configuration with its next request.
func (s *Server) Reload(c *config.Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return errDraining
	}
	p, err := s.plan(c)
	if err == nil && s.snapshot.Load() != nil && c.AccessLog != s.logConfig {
		if err = s.setAccessLog(c.AccessLog); err != nil {
			p.closeOpened()
		}
	}
	s.lastError = err
	if err != nil {
		return err
	}
	p.carryOut(s)
	p.awaitRetired()
	return nil
}

// errDraining says that a reload came too late: it would open the listeners again.
var errDraining = errors.New("not reloaded: the server is shutting down")

// ReloadFailed notes why a configuration could not even be read, for the status.
func (s *Server) ReloadFailed(err error) {
	s.mu.Lock()
	s.lastError = err
	s.mu.Unlock()
}

func (s *Server) onPanic(value any, stack []byte) {
	s.log.Error("panic: the connection is closed", "value", fmt.Sprint(value), "stack", string(stack))
}

func (s *Server) onStall(index int, since time.Duration, stacks []byte) {
	s.log.Error("an event loop stands still", "loop", index, "since", since, "stacks", string(stacks))
}

// noteDoubt tells of a change in what is thought of the way to the backends.
func (s *Server) noteDoubt() {
	for _, t := range s.doubt.Take() {
		if t.Doubting {
			s.log.Error("the own network is in doubt: no failed check takes a backend out", "reason", t.Reason)
		} else {
			s.log.Info("the own network is no longer in doubt", "reason", t.Reason)
		}
	}
}

// region is this instance's own.
func (s *Server) region() string { return s.snapshot.Load().config.Region }

// setAccessLog opens the access log that c asks for and closes the one before.
func (s *Server) setAccessLog(c config.AccessLog) error {
	var opened *accesslog.Log
	if c.Output != "" {
		format := accesslog.JSON
		if c.Format == config.AccessLogCombined {
			format = accesslog.Combined
		}
		var err error
		if opened, err = accesslog.Open(c.Output, format, len(s.workers)); err != nil {
			return fmt.Errorf("access_log: %w", err)
		}
	}
	before := s.accessLog
	s.accessLog, s.logConfig = opened, c
	s.group.Each(time.Minute, func(l *loop.Loop) {
		w := s.workers[l.Index()]
		w.log = nil
		if opened != nil {
			w.log = opened.Shard(w.index)
		}
	})
	if before != nil {
		return before.Close()
	}
	return nil
}

// ReopenLogs opens the access log's file anew, for log rotation.
func (s *Server) ReopenLogs() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accessLog == nil {
		return nil
	}
	return s.accessLog.Reopen()
}

// Config is the configuration in force. It must not be changed.
func (s *Server) Config() *config.Config { return s.snapshot.Load().config }

// Ready tells whether the server takes traffic and is not about to end.
func (s *Server) Ready() bool { return s.ready.Load() }

func randomSeed() uint64 {
	var seed [8]byte
	_, _ = rand.Read(seed[:])
	return binary.LittleEndian.Uint64(seed[:])
}
