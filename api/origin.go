package api

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// maxHost bounds the host that a request may name, in bytes: that of a domain and a port.
const maxHost = 260

// cleanBaseURL checks where people find the pages; "" is wherever a request says.
func cleanBaseURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return "", errors.New(`api: base URL: want one like "https://outcry.example"`)
	}
	return strings.TrimRight(base.Scheme+"://"+base.Host+base.EscapedPath(), "/"), nil
}

// origin begins the absolute addresses of an answer: that of the settings, else
// what the request says, as far as it looks like a host.
func (a *API) origin(c *gin.Context) string {
	if a.baseURL != "" {
		return a.baseURL
	}
	scheme, host := "http", c.Request.Host
	if c.Request.TLS != nil {
		scheme = "https"
	}
	if host == "" || len(host) > maxHost || strings.ContainsFunc(host, notInHost) {
		host = "localhost"
	}
	return scheme + "://" + host
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]", r)
}
