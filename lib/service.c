/* SPDX-License-Identifier: MIT */
#include "service.h"

#include "clock.h"
#include "http_call.h"
#include "http_url.h"
#include "log.h"
#include "memory.h"

struct service {
	struct service_options options;
	struct http_options http_options;
	const struct config *config;
	struct http *http;
};

struct service *
service_new(const struct service_options *options, const struct config *config)
{
	struct service *service = xcalloc(1, sizeof *service);

	service->options = *options;
	service->config = config;
	service->http_options = (struct http_options){
		.origin = options->url,
		.auth = options->auth,
		.auth_name = options->auth_name,
		.user = options->user,
		.secret = options->key,
		.connect_seconds =
		    config_number(config, "connect_timeout_seconds"),
		.idle_seconds =
		    config_number(config, "network_timeout_seconds"),
		.ends = options->ends,
	};
	if (options->key != NULL && !http_url_is_private(options->url))
		log_warn("key_in_the_clear",
		    "the key of %s goes to '%s' without TLS: anybody on the "
		    "way can read it",
		    options->name, options->url);
	service->http = http_new(&service->http_options);
	return service;
}

void
service_free(struct service *service)
{
	if (service == NULL)
		return;
	http_free(service->http);
	free(service);
}

static char *
url_of(const struct service *service, const struct service_request *request)
{
	char *url = http_url_join(service->options.url, request->path);
	char *whole;

	if (request->query == NULL)
		return url;
	whole = xasprintf("%s?%s", url, request->query);
	free(url);
	return whole;
}

static struct error *
ask(struct service *service, struct service_request *request, int max_retries,
    jv *answer)
{
	char *url = url_of(service, request);
	struct http_call call = {
		.what = service->options.name,
		.request = { .method = request->method,
		    .url = url,
		    .headers = request->headers },
		.max_retries = max_retries,
		.repeatable = request->repeatable,
	};
	struct error *error =
	    http_call_json(service->http, &call, request->body, answer);

	request->body = (jv){ 0 };
	request->status = call.status;
	http_call_release(&call);
	free(url);
	return error != NULL ? error_prefix(error, "%s at '%s'",
				   service->options.name, service->options.url)
			     : NULL;
}

struct error *
service_ask(
    struct service *service, struct service_request *request, jv *answer)
{
	return ask(service, request,
	    (int)config_number(service->config, "network_retry_count"), answer);
}

struct error *
service_try(struct service *service, struct service_request *request,
    double seconds, jv *answer)
{
	double ends = clock_monotonic() + seconds;
	struct error *error;

	if (service->options.ends > 0 && service->options.ends < ends)
		ends = service->options.ends;
	http_set_times(service->http, seconds, ends);
	error = ask(service, request, 0, answer);
	http_set_times(service->http, service->http_options.idle_seconds,
	    service->options.ends);
	return error;
}
