//go:build !linux || portable

package loop

import (
	"context"
	"net"
	"time"
)

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
	case err != nil && ctx.Err() != nil:
		return nil, ErrTimeout
	case err != nil:
		return nil, withoutContext(err)
	}
	c := newConn(l, conn, to.IP, 0)
	if selfConnected(c.LocalAddr(), c.remote) {
		c.Close()
		return nil, ErrSelfConnect
	}
	return c, nil
}
