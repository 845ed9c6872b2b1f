//go:build !linux || portable

package loop

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// dialError is the system's own error, or ErrTimeout where the deadline was ours.
func dialError(err error) error {
	err = systemError(err)
	var timeout net.Error
	if _, system := err.(syscall.Errno); !system && errors.As(err, &timeout) && timeout.Timeout() {
		return ErrTimeout
	}
	return err
}

func (l *Loop) dialOnce(t *Task, to Address, deadline int64) (*Conn, error) {
	if l.stopping {
		return nil, ErrStopped
	}
	if passed(deadline, l.now) {
		return nil, ErrTimeout
	}
	ctx, cancel := context.WithCancel(context.Background())
	if deadline != 0 {
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), time.Duration(deadline-l.now))
	}
	defer cancel()
	network, address := "tcp", to.IP.String()
	if to.Path != "" {
		network, address = "unix", to.Path
	}
	var conn net.Conn
	var err error
	resumed, why := t.block(func() {
		dialer := net.Dialer{KeepAlive: -1}
		conn, err = dialer.DialContext(ctx, network, address)
	}, cancel)
	switch {
	case resumed:
		if conn != nil {
			_ = conn.Close()
		}
		return nil, why
	case err != nil:
		return nil, dialError(err)
	}
	c, err := newConn(l, conn, to.IP, 0)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if selfConnected(c.LocalAddr(), c.remote) {
		c.Close()
		return nil, ErrSelfConnect
	}
	return c, nil
}
