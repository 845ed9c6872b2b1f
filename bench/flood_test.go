//go:build linux

package main

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	address, certificate := serveTLS(t, &tls.Config{})
	order := probeOrder{Address: address, Certificate: certificate, Connections: 2, PerSecond: 50, Duration: 100 * time.Millisecond}
	if p99, err := order.carryOut(); err != nil || p99 <= 0 {
		t.Errorf("got %v and %v", p99, err)
	}
	order.Duration = 0
	if _, err := order.carryOut(); err == nil || !strings.Contains(err.Error(), "nothing was asked") {
		t.Errorf("without time: %v", err)
	}
	order.Address = "127.0.0.1:1"
	if _, err := order.carryOut(); err == nil {
		t.Error("nobody listens")
	}
}
