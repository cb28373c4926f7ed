// Package scenario makes recorded counts of which the truth is known, from a
// seed: the same seed always gives the same counts.
//
// The one that there is tells the story of 3 November 2017, when WhatsApp failed
// for about an hour in the Netherlands, the United Kingdom, Belgium, Malaysia,
// Singapore and Indonesia, among others. That it began at about 08:00 UTC and
// lasted for about an hour was reported at the time; how many people complained
// in each country was not, so the peaks are made up: from barely noticeable to
// unmistakable.
package scenario
