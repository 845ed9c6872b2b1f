package config

import (
	"fmt"
	"slices"
	"strings"
)

// peerWords is what other balancers call a key of ours, or one of its values.
var peerWords = map[string][]string{
	"upstreams": {"pools", "backends"}, "clusters": {"pools"}, "services": {"pools"}, "backends": {"pools"},
	"server_groups": {"pools"}, "frontends": {"listeners"}, "entrypoints": {"listeners"}, "binds": {"listeners"},
	"servers": {"backends", "listeners"}, "endpoints": {"backends"}, "targets": {"backends"}, "members": {"backends"},
	"nodes": {"backends"}, "hosts": {"backends", "host"}, "instances": {"backends"},
	"upstream": {"pool"}, "backend": {"pool"}, "cluster": {"pool"}, "service": {"pool"}, "proxy_pass": {"pool"},
	"use_backend": {"pool"}, "weighted_clusters": {"split"}, "weighted": {"split"},
	"listen": {"address", "listeners"}, "bind": {"address"}, "url": {"address"}, "addr": {"address"},
	"server": {"address"}, "target": {"address"}, "host": {"address"}, "endpoint": {"address"},
	"rules": {"routes"}, "routers": {"routes"}, "locations": {"routes"}, "paths": {"routes"},
	"prefix": {"path"}, "location": {"path"}, "uri": {"path"}, "rule": {"match"}, "matches": {"match"}, "when": {"match"},
	"methods": {"method"}, "hostname": {"host"}, "domain": {"host"}, "domains": {"host"}, "server_name": {"host"},
	"source_ip": {"client_ip"}, "remote_ip": {"client_ip"}, "src": {"client_ip"}, "params": {"query"},
	"query_parameters": {"query"}, "entrypoint": {"listener"},
	"add_header": {"response_headers"}, "proxy_set_header": {"request_headers"}, "headers": {"request_headers"},
	"return": {"respond"}, "direct_response": {"respond"}, "code": {"status"}, "status_code": {"status"},
	"regex_rewrite": {"rewrite"}, "pattern": {"regex"}, "replacement": {"to"}, "substitution": {"to"},
	"balance": {"policy"}, "algorithm": {"policy"}, "lb_policy": {"policy"}, "load_balancing": {"policy"},
	"strategy": {"policy"}, "hash": {"hash_on"}, "hash_key": {"hash_on"}, "hash_policy": {"hash_on"},
	"sticky_session": {"sticky"}, "session_affinity": {"sticky"}, "cookie": {"sticky"},
	"health": {"health_check"}, "check": {"health_check"}, "health_uri": {"path"}, "unhealthy_interval": {"fast_interval"},
	"healthy_threshold": {"rise"}, "health_passes": {"rise"}, "passes": {"rise"}, "success_threshold": {"rise"},
	"unhealthy_threshold": {"fall"}, "health_fails": {"fall"}, "fails": {"fall"}, "failure_threshold": {"fall"},
	"fast_inter": {"fast_interval"}, "inter": {"interval"}, "spread_checks": {"jitter"},
	"expected_statuses": {"expect"}, "health_status": {"expect"}, "health_body": {"expect"},
	"outlier_detection": {"ejection"}, "passive_health_check": {"ejection"}, "passive": {"ejection"},
	"circuit_breaker": {"ejection"}, "max_fails": {"failures", "ejection"}, "fail_timeout": {"time"},
	"consecutive_5xx": {"failures"}, "base_ejection_time": {"time"}, "duration": {"time"},
	"maxconn": {"max_requests", "connections"}, "max_conns": {"max_requests", "connections"},
	"max_connections": {"max_requests", "connections"}, "locality": {"region"}, "zone": {"region"}, "datacenter": {"region"},
	"max_retries": {"attempts"}, "num_retries": {"attempts"}, "tries": {"attempts"}, "retry": {"retries"}, "retry_on": {"on"},
	"retry_budget": {"budget"}, "max_body": {"body"}, "client_max_body_size": {"body"}, "max_header_bytes": {"head"},
	"header": {"head"}, "read_header": {"head"}, "keepalive": {"idle"}, "keep_alive": {"idle"}, "read": {"response"},
	"maxqueue": {"queue", "size"}, "max_pending": {"size"}, "real_ip_from": {"trusted_proxies"},
	"trusted_ips": {"trusted_proxies"}, "set_real_ip_from": {"trusted_proxies"}, "x_forwarded_for": {"for"},
	"grace": {"drain_timeout"}, "grace_period": {"drain_timeout"}, "hard_stop_after": {"drain_timeout"},
	"certs": {"certificates"}, "certificate": {"cert_file", "certificates"}, "cert": {"cert_file"}, "crt": {"cert_file"},
	"ssl_certificate": {"cert_file", "tls"}, "ssl_certificate_key": {"key_file", "tls"}, "private_key": {"key_file"}, "key": {"key_file"},
	"ca": {"ca_file", "client_ca_file"}, "client_ca": {"client_ca_file"}, "trusted_ca": {"ca_file", "client_ca_file"},
	"ssl_client_certificate": {"client_ca_file"}, "ssl_verify_client": {"client_auth"}, "ssl_protocols": {"min_version"},
	"tls_minimum_protocol_version": {"min_version"}, "verify": {"insecure_skip_verify"}, "skip_verify": {"insecure_skip_verify"},
	"insecure": {"insecure_skip_verify"}, "verify_hostname": {"server_name"},
	"accept_proxy": {"proxy_protocol"}, "send_proxy": {"proxy_protocol"}, "server_names": {"sni"}, "max_concurrent_streams": {"max_streams"},
	"outlier": {"ejection"}, "consecutive_gateway_failure": {"gateway_errors"}, "max_ejection_time": {"max_time"},
	"success_rate_stdev_factor": {"stdev"}, "warmup": {"slow_start"}, "slowstart": {"slow_start"}, "hedging": {"hedge"},
	"ratelimit": {"rate_limit"}, "throttle": {"rate_limit"}, "limit_req": {"rate_limit"}, "limit_conn": {"concurrency_limit"},
	"max_concurrency": {"concurrency_limit"}, "adaptive_concurrency": {"learned_limit"}, "failover": {"spill"}, "overflow": {"spill"},
	"rps": {"rate"}, "average": {"rate"}, "orca": {"load_header"},
	"http2": {"h2"}, "grpc": {"h2"}, "http": {"http1"}, "ssl": {"tls"}, "least_request": {"least_conn"}, "least_connections": {"least_conn"},
	"maglev": {"consistent_hash"}, "ring_hash": {"consistent_hash"}, "ip_hash": {"consistent_hash"}, "ewma": {"peak_ewma"},
	"default_backend": {"pool"}, "h2": {"http2"}, "service_name": {"service"},
	"logging": {"log"}, "accesslog": {"access_log"}, "access_logs": {"access_log"}, "latency": {"rtt"},
}

// suggestWord is suggest, for a key or a value that may also be another balancer's word.
func suggestWord(got string, known []string) string {
	for _, ours := range peerWords[plain(got)] {
		if slices.Contains(known, ours) {
			return didYouMean(ours)
		}
	}
	return suggest(got, known)
}

// suggest is a question to append to an error about a word that is not among those known; empty if none is near.
func suggest(got string, known []string) string {
	best, least := "", 0
	for _, word := range slices.Sorted(slices.Values(known)) {
		distance := editDistance(squeeze(got), squeeze(word))
		if distance <= (max(len(word), len(got))+1)/3 && (best == "" || distance < least) {
			best, least = word, distance
		}
	}
	if best == "" {
		return ""
	}
	return didYouMean(best)
}

func didYouMean(word string) string { return fmt.Sprintf(" (did you mean %q?)", word) }

// plain is a key in lower snake case, whatever case it was written in.
func plain(key string) string {
	var b strings.Builder
	for i, r := range key {
		if upper := r >= 'A' && r <= 'Z'; upper && i > 0 && key[i-1] >= 'a' && key[i-1] <= 'z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(strings.ToLower(b.String()), "-", "_")
}

// squeeze leaves out what people vary: case, underscores and hyphens.
func squeeze(word string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(word))
}

// editDistance counts the bytes to insert, delete, replace or swap with their neighbour (Damerau's distance,
// restricted to one edit a place).
func editDistance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	var rows [3][longest + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, now := &rows[(i+1)%3], &rows[(i+2)%3], &rows[i%3]
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
