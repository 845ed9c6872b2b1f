package main

import "spillway/internal/config"

type adminServer struct{}

func (r *runner) serveAdmin(*config.Config) error     { return nil }
func (r *runner) closeAdmin()                         {}
func (r *runner) adminCanChange(*config.Config) error { return nil }
func proxyCommand(c *console, args []string) error    { return errUsage }
func demoCommand(c *console, args []string) error     { return errUsage }
func statusCommand(c *console, args []string) error   { return errUsage }
func reloadCommand(c *console, args []string) error   { return errUsage }
func drainCommand(c *console, args []string) error    { return errUsage }
func undrainCommand(c *console, args []string) error  { return errUsage }
