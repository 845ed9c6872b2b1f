package proxy

import (
	"spillway/internal/config"
	"spillway/internal/router"
)

// A snapshot is the configuration in force. It is immutable; an exchange reads
// the current one once.
type snapshot struct {
	config     *config.Config
	generation uint64
	loadedAt   int64 // as loop.Nanotime counts
	table      *router.Table
	routes     []*route
	pools      map[string]*pool
}
