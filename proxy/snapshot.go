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
	loadedAt   int64         // as loop.Nanotime counts
	table      *router.Table // of the routes of requests
	routes     []*route
	rawTable   *router.Table // of the routes that pass connections on as they are
	rawRoutes  []*route
	pools      map[string]*pool
}
