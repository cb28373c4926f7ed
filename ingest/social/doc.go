// Package social listens to social networks: what all of them share.
package social
