"""A photo from the internet by its address: the only way the server reaches out, and the guard on it.

photo_url   text -> PhotoUrl: the one parser, of what is checked and of what is dialled
public      which IP addresses are the internet's, not ours
lookup      a host's name -> its IP addresses, within a deadline
connect     every one of them checked, one of them dialled, TLS
exchange    one request, one answer, bounded while it is read
fetcher     redirects, places, several photos within one deadline
"""
