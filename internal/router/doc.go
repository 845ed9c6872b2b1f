// Package router finds the first route that matches a request, without
// scanning every route.
//
// A [Table] is built once from the routes' conditions, in the order of the
// file, and never changes: any number of loops may use it at once. Find answers
// with the lowest numbered route among all that match, as a scan from the top
// would, and costs no allocation. Routes of other listeners, hosts or paths cost
// a request nothing; those that share all three with it are tried one by one. A
// regular expression counts as the path that it begins with: ^/api/v[12]/ is
// tried below /api only, an unanchored one for every path of its host.
//
// # Paths
//
// Routes see a path as [NormalizePath] and [MergeSlashes] leave it, so that a spelling
// cannot walk around a route. What two servers are known to read differently is refused
// rather than guessed. Patterns are normalised the same way when built, and a regular
// expression never sees two slashes in a row.
//
//	/v1        a prefix at a segment boundary: /v1, /v1/, /v1/x; not /v10
//	/v1/       what lies below: /v1/, /v1/x; not /v1, as in nginx and Envoy
//	/          every request, that for the server as a whole (OPTIONS *) included
//	= /v1      only /v1
//	~ ^/v[12]/ a regular expression (RE2), anchored only where it says so
//
// Case matters. Empty segments do not: //v1 and /v1 are one path here, and stay two
// for backends. Reserved characters are not their escapes: /a/b and /a%2Fb are two
// paths, and so are /a and /a;x. Where a backend treats such pairs alike, a route that
// forbids one has to name both, or be a regular expression.
//
// # Hosts
//
// Names compare without case, port and the root's trailing dot; only letters,
// digits, hyphen, underscore and dot make a name, so an internationalised one is
// written as its A-labels (xn--...), here and by every client. *.example.com
// matches every name that ends in .example.com, at any depth, and not
// example.com itself, as in nginx and Envoy. An IPv6 literal compares as text
// in the form of RFC 5952. An authority that is none of this matches only
// routes that name no host.
//
// # Other conditions
//
// Methods and field values compare byte for byte. A query parameter compares
// after decoding, and its first occurrence decides. An IPv4 client matches an
// IPv4 prefix also when its address is written as ::ffff:a.b.c.d.
package router
