//go:build linux && !portable

package loop

// Runtime names what the loops run on.
const Runtime = "epoll"
