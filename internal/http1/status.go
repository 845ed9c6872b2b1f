package http1

import "net/http"

// StatusText is the usual reason phrase of a status; empty if it has none.
func StatusText(status int) string { return http.StatusText(status) }
