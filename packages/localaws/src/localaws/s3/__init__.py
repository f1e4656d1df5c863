"""S3 with objects as files: bodies never pass through memory whole, and events are sent as AWS sends them.

A PutObject takes this way. In brackets, what a module replaces of moto; nothing is replaced twice, so the
order in which parts.py patches does not matter here:

1. ``gate`` authenticates the request, ``iam.guard`` authorizes it (both are called by application.py).
2. ``intake`` writes the body to a file of ``object_files``, compares it with Content-MD5, and leaves a
   FileBody in the request [S3Response.setup_class gives it to moto's operations].
3. ``plain_put`` stores a body without tags, metadata or conditions. Any other request goes to moto's
   S3Response.put_object [``events`` suppresses the tagging event that it would send].
4. Both call moto's S3Backend.put_object. It makes a FileKey [``file_key`` replaces FakeKey] and assigns it
   to the bucket's keys, where ``durability.object_rows`` notes the change [_VersionedKeyStore].
5. It calls send_event [``events``], which submits one delivery for each matching notification.
6. ``durability.keeper`` has the journal on disk before the response is sent, ``deliveries`` run after it.
"""
