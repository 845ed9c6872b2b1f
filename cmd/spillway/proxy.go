package main
func proxyCommand(c *console, args []string) error    { return errUsage }
