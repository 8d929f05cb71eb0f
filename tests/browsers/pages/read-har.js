(async () => {
  const har = await import('./models/har/har.js');
  const network = await import('./panels/network/network.js');
  const read = new har.HARFormat.HARRoot(ARCHIVE);
  const requests = har.Importer.Importer.requestsFromHARLog(read.log);
  const copy = platform => network.NetworkLogView.NetworkLogView.generateCurlCommand(requests[0], platform);
  return JSON.stringify({
    curl: [await copy('unix'), await copy('win')],
    log: await har.Log.Log.build(requests, {sanitize: false}),
    requests: requests.map(each => [each.url(), each.statusCode, each.resourceType().name(),
      each.frames().map(frame => [frame.type, frame.opCode, frame.text])]),
  });
})()
