package main

import (
	"fmt"

	"spillway/internal/admin"
	"spillway/internal/config"
)

// An adminAddress is an address at which operators are answered.
type adminAddress struct {
	address config.Address
	server  *admin.Server
}

// openAdmin answers at the admin address of a configuration: the one that is open
// already where it stays the same, none (nil) where there is none.
func (r *runner) openAdmin(settings *config.Config) (*adminAddress, error) {
	address := settings.Admin.Address
	switch {
	case address == "":
		return nil, nil
	case r.admin != nil && r.admin.address == address:
		return r.admin, nil
	}
	options := admin.Options{Proxy: r.proxy, Version: version(), Log: r.log.Logger}
	if r.path != "" {
		options.Reload = r.reload
	}
	server := admin.New(options)
	if err := server.Serve(string(address)); err != nil {
		return nil, &adminError{address, err}
	}
	return &adminAddress{address, server}, nil
}

// close ends the address; what it answers just now may be the reload that ends it,
// so nobody waits.
func (a *adminAddress) close() {
	if a != nil {
		go a.server.Close()
	}
}

// closeAdmin ends the admin address with the process.
func (r *runner) closeAdmin() {
	r.changing.Lock()
	defer r.changing.Unlock()
	if r.admin != nil {
		_ = r.admin.server.Close()
	}
}

// An adminError says that the admin address could not be opened.
type adminError struct {
	address config.Address
	err     error
}

func (e *adminError) Error() string { return fmt.Sprintf("admin.address %s: %v", e.address, e.err) }

func (e *adminError) Unwrap() error { return e.err }
