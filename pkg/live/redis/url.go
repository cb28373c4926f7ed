package redis

import (
	"fmt"
	"net/url"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/outage"
)

// NewClient returns a client for the server or cluster that the URL names:
//
//	redis://[user:password@]host[:port][/database]    one server
//	redis://[user:password@]host:port,host:port,…     a Redis Cluster, by some of its nodes
//	redis://host:port?cluster=true                    a Redis Cluster, by one of its nodes
//	rediss://…                                        the same over TLS
//
// Options of go-redis can follow as parameters, such as pool_size=50 or
// read_timeout=2s. It does not connect yet. An error wraps outage.ErrInvalid
// and never holds the URL, which may hold a password.
func NewClient(address string) (goredis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "redis" && scheme != "rediss" {
		return nil, fmt.Errorf("%w: a Redis URL begins with redis:// or rediss://", outage.ErrInvalid)
	}
	hosts, query := splitHosts(rest)
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%w: the parameters of the Redis URL cannot be read", outage.ErrInvalid)
	}
	cluster := values.Get("cluster") == "true" || len(hosts) > 1
	values.Del("cluster")
	for _, host := range hosts[1:] {
		values.Add("addr", host)
	}
	plain := scheme + "://" + hosts[0] + "?" + values.Encode()
	if cluster {
		return newCluster(plain)
	}
	options, err := goredis.ParseURL(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: the Redis URL has a part or parameter that is not understood", outage.ErrInvalid)
	}
	options.ContextTimeoutEnabled = true
	return goredis.NewClient(options), nil
}

func newCluster(address string) (goredis.UniversalClient, error) {
	options, err := goredis.ParseClusterURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: the Redis Cluster URL has a part or parameter that is not understood", outage.ErrInvalid)
	}
	options.ContextTimeoutEnabled = true
	return goredis.NewClusterClient(options), nil
}

// splitHosts takes "user:password@a,b?x=y" apart: the first host keeps the
// credentials, and a path if there is one.
func splitHosts(rest string) (hosts []string, query string) {
	rest, query, _ = strings.Cut(rest, "?")
	credentials := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		credentials, rest = rest[:at+1], rest[at+1:]
	}
	hosts = strings.Split(rest, ",")
	hosts[0] = credentials + hosts[0]
	return hosts, query
}
