//go:build !linux || portable

package loop

const maxConnSize = 256
