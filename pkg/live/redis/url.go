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
	server, cluster, err := parseURL(address)
	switch {
	case err != nil:
		return nil, err
	case cluster != nil:
		return goredis.NewClusterClient(cluster), nil
	}
	return goredis.NewClient(server), nil
}

// CheckURL returns the error that NewClient would, and makes no client.
func CheckURL(address string) error {
	_, _, err := parseURL(address)
	return err
}

// parseURL returns the options of a server or those of a cluster.
func parseURL(address string) (*goredis.Options, *goredis.ClusterOptions, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "redis" && scheme != "rediss" {
		return nil, nil, fmt.Errorf("%w: a Redis URL begins with redis:// or rediss://", outage.ErrInvalid)
	}
	if strings.Contains(rest, "://") || strings.Contains(rest, "#") {
		return nil, nil, fmt.Errorf("%w: a Redis URL is one URL without a fragment; further hosts follow the first as host:port, separated by commas", outage.ErrInvalid)
	}
	hosts, path, query := splitHosts(rest)
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the parameters of the Redis URL cannot be read", outage.ErrInvalid)
	}
	cluster := values.Get("cluster") == "true" || len(hosts) > 1
	values.Del("cluster")
	for _, host := range hosts[1:] {
		values.Add("addr", host)
	}
	if cluster {
		options, err := parseCluster(scheme+"://"+hosts[0]+"?"+values.Encode(), path)
		return nil, options, err
	}
	options, err := goredis.ParseURL(scheme + "://" + hosts[0] + path + "?" + values.Encode())
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the Redis URL has a part or parameter that is not understood", outage.ErrInvalid)
	}
	options.ContextTimeoutEnabled = true
	return options, nil, nil
}

func parseCluster(address, path string) (*goredis.ClusterOptions, error) {
	if path != "" && path != "/" && path != "/0" {
		return nil, fmt.Errorf("%w: a Redis Cluster has database 0 alone", outage.ErrInvalid)
	}
	options, err := goredis.ParseClusterURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: the Redis Cluster URL has a part or parameter that is not understood", outage.ErrInvalid)
	}
	options.ContextTimeoutEnabled = true
	return options, nil
}

// splitHosts takes "user:password@a,b/path?x=y" apart: the first host keeps the
// credentials, and the path its slash.
func splitHosts(rest string) (hosts []string, path, query string) {
	rest, query, _ = strings.Cut(rest, "?")
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		rest, path = rest[:slash], rest[slash:]
	}
	credentials := ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		credentials, rest = rest[:at+1], rest[at+1:]
	}
	hosts = strings.Split(rest, ",")
	hosts[0] = credentials + hosts[0]
	return hosts, path, query
}
