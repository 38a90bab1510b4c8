/**
 * What an import makes of each parameter of Postfix 3.7: carried over, reported with a remark where it is set to other than
 * its default, or irrelevant to who may send. A test holds these tables against `postconf -d`.
 */
import type { RemarkCode } from '../../remark';

/** Parameters that lists, settings or suggestions are made from. */
const carried = `
  disable_vrfy_command mydestination mydomain myhostname mynetworks parent_domain_matches_subdomains permit_mx_backup_networks
  postscreen_access_list postscreen_denylist_action relay_domains relay_recipient_maps
  smtpd_client_recipient_rate_limit smtpd_client_restrictions
  smtpd_data_restrictions smtpd_end_of_data_restrictions smtpd_helo_required smtpd_helo_restrictions
  smtpd_recipient_restrictions smtpd_relay_restrictions smtpd_sender_restrictions transport_maps virtual_alias_domains
  virtual_alias_maps virtual_mailbox_domains`;

/** By remark: the parameters with their defaults. After a `|` stand other values that need no remark. */
const reported = {
  'postfix-relay-default': `
    compatibility_level = 0`,
  'postfix-mynetworks-unset': `
    mynetworks_style = \${{$compatibility_level} <level {2} ? {subnet} : {host}}`,
  'postfix-names-unused': `
    smtpd_peername_lookup = yes`,
  'smart-host': `
    default_transport = smtp
    relayhost =
    sender_dependent_default_transport_maps =
    sender_dependent_relayhost_maps =`,
  'postfix-relay-transport': `
    relay_transport = relay | smtp`,
  'postfix-delivery': `
    local_transport = local:$myhostname | local
    virtual_transport = virtual`,
  'loose-relay-check': `
    allow_untrusted_routing = no`,
  'postfix-listens': `
    inet_interfaces = all
    inet_protocols = all
    master_service_disable =
    proxy_interfaces =`,
  'postfix-client-address': `
    postscreen_upstream_proxy_protocol =
    smtpd_authorized_xclient_hosts =
    smtpd_upstream_proxy_protocol =`,
  'postfix-other-ways': `
    authorized_submit_users = static:anyone
    qmqpd_authorized_clients =`,
  'postfix-auth': `
    smtpd_sasl_auth_enable = no`,
  'postfix-login': `
    smtpd_sasl_exceptions_networks =
    smtpd_sasl_local_domain =
    smtpd_sasl_mechanism_filter = !external, static:rest
    smtpd_sasl_path = smtpd
    smtpd_sasl_security_options = noanonymous
    smtpd_sasl_tls_security_options = $smtpd_sasl_security_options
    smtpd_sasl_type = cyrus
    smtpd_sender_login_maps =
    smtpd_tls_auth_only = no`,
  'postfix-tls': `
    postscreen_enforce_tls = $smtpd_enforce_tls
    postscreen_tls_security_level = $smtpd_tls_security_level | none | may
    relay_clientcerts =
    smtpd_enforce_tls = no
    smtpd_tls_ask_ccert = no
    smtpd_tls_req_ccert = no
    smtpd_tls_security_level = | none | may
    smtpd_tls_wrappermode = no`,
  'postfix-recipients': `
    local_recipient_maps = proxy:unix:passwd.byname $alias_maps
    luser_relay =
    relocated_maps =
    smtpd_reject_unlisted_recipient = yes
    virtual_mailbox_maps =`,
  'postfix-rewrite': `
    allow_percent_hack = yes
    always_bcc =
    canonical_maps =
    recipient_bcc_maps =
    recipient_canonical_maps =
    recipient_delimiter =
    resolve_dequoted_address = yes
    resolve_null_domain = no
    resolve_numeric_domain = no
    sender_bcc_maps =
    sender_canonical_maps =
    swap_bangpath = yes`,
  'postfix-filter': `
    body_checks =
    content_filter =
    header_checks =
    message_reject_characters =
    milter_header_checks =
    mime_header_checks = $header_checks
    nested_header_checks = $header_checks
    non_smtpd_milters =
    smtpd_milter_maps =
    smtpd_milters =
    smtpd_proxy_filter =
    strict_7bit_headers = no
    strict_8bitmime = no
    strict_8bitmime_body = no
    strict_mime_encoding_domain = no`,
  'postfix-limit': `
    message_size_limit = 10240000
    postscreen_client_connection_count_limit = $smtpd_client_connection_count_limit
    postscreen_command_count_limit = 20
    queue_minfree = 0
    smtpd_client_auth_rate_limit = 0
    smtpd_client_connection_count_limit = 50
    smtpd_client_connection_rate_limit = 0
    smtpd_client_event_limit_exceptions = \${smtpd_client_connection_limit_exceptions:$mynetworks}
    smtpd_client_message_rate_limit = 0
    smtpd_client_new_tls_session_rate_limit = 0
    smtpd_hard_error_limit = \${stress?{1}:{20}}
    smtpd_junk_command_limit = \${stress?{1}:{100}}
    smtpd_recipient_limit = 1000`,
  'postfix-postscreen': `
    postscreen_allowlist_interfaces = \${postscreen_whitelist_interfaces?{$postscreen_whitelist_interfaces}:{static:all}}
    postscreen_bare_newline_action = ignore
    postscreen_bare_newline_enable = no
    postscreen_command_filter =
    postscreen_dnsbl_action = ignore
    postscreen_dnsbl_allowlist_threshold = \${postscreen_dnsbl_whitelist_threshold?{$postscreen_dnsbl_whitelist_threshold}:{0}}
    postscreen_dnsbl_sites =
    postscreen_dnsbl_threshold = 1
    postscreen_forbidden_commands = $smtpd_forbidden_commands
    postscreen_greet_action = ignore
    postscreen_helo_required = $smtpd_helo_required
    postscreen_non_smtp_command_action = drop
    postscreen_non_smtp_command_enable = no
    postscreen_pipelining_action = enforce
    postscreen_pipelining_enable = no`,
  'postfix-protocol': `
    smtpd_command_filter =
    smtpd_dns_reply_filter =
    smtpd_forbid_bare_newline = no
    smtpd_forbid_bare_newline_exclusions = $mynetworks
    smtpd_forbid_unauth_pipelining = no
    smtpd_forbidden_commands = CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}
    smtpd_reject_unlisted_sender = no
    strict_rfc821_envelopes = no
    strict_smtputf8 = no`,
} satisfies Partial<Record<RemarkCode, string>>;

/** Defaults of parameters without a remark, as far as the value of another parameter is likely to name them. */
const otherDefaults = `
  alias_maps = hash:/etc/aliases, nis:mail.aliases
  command_directory = /usr/sbin
  daemon_directory = /usr/lib/postfix/sbin
  data_directory = /var/lib/postfix
  mail_name = Postfix
  mail_owner = postfix
  mail_spool_directory = /var/mail
  mail_version = 3.7.11
  multi_instance_name =
  myorigin = $myhostname
  parent_domain_matches_subdomains = debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps
  permit_mx_backup_networks =
  postscreen_access_list = permit_mynetworks
  postscreen_denylist_action = \${postscreen_blacklist_action?{$postscreen_blacklist_action}:{ignore}}
  queue_directory = /var/spool/postfix
  relay_domains = \${{$compatibility_level} <level {2} ? {$mydestination} : {}}
  relay_recipient_maps =
  smtpd_client_recipient_rate_limit = 0
  smtpd_client_restrictions =
  smtpd_data_restrictions =
  smtpd_end_of_data_restrictions =
  smtpd_helo_restrictions =
  smtpd_recipient_restrictions =
  smtpd_relay_restrictions = \${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}
  smtpd_sender_restrictions =
  transport_maps =
  virtual_alias_domains = $virtual_alias_maps
  virtual_alias_maps = $virtual_maps
  virtual_mailbox_domains = $virtual_mailbox_maps`;

/** Programs whose every parameter is about how mail is sent on, or how TLS is spoken. */
const irrelevantPrefixes = ['address_verify_', 'lmtp_', 'qmgr_', 'smtp_', 'tls_', 'tlsproxy_'];

const irrelevant = `
  2bounce_notice_recipient access_map_defer_code access_map_reject_code alias_database alias_maps
  allow_mail_to_commands allow_mail_to_files allow_min_user alternate_config_directories always_add_missing_headers
  anvil_rate_time_unit anvil_status_update_time append_at_myorigin append_dot_mydomain application_event_drain_time
  authorized_flush_users authorized_mailq_users backwards_bounce_logfile_compatibility berkeley_db_create_buffer_size
  berkeley_db_read_buffer_size best_mx_transport biff body_checks_size_limit bounce_notice_recipient
  bounce_queue_lifetime bounce_service_name bounce_size_limit bounce_template_file broken_sasl_auth_clients
  canonical_classes cleanup_replace_stray_cr_lf cleanup_service_name command_directory command_execution_directory
  command_expansion_filter command_time_limit config_directory confirm_delay_cleared connection_cache_protocol_timeout
  connection_cache_service_name connection_cache_status_update_time connection_cache_ttl_limit cyrus_sasl_config_path
  daemon_directory daemon_table_open_error_is_fatal daemon_timeout data_directory debug_peer_level debug_peer_list
  debugger_command default_database_type default_delivery_slot_cost default_delivery_slot_discount
  default_delivery_slot_loan default_delivery_status_filter default_destination_concurrency_failed_cohort_limit
  default_destination_concurrency_limit default_destination_concurrency_negative_feedback
  default_destination_concurrency_positive_feedback default_destination_rate_delay default_destination_recipient_limit
  default_extra_recipient_limit default_filter_nexthop default_minimum_delivery_slots default_privs
  default_process_limit default_rbl_reply default_recipient_limit default_recipient_refill_delay
  default_recipient_refill_limit default_transport_rate_delay default_verp_delimiters defer_code defer_service_name
  defer_transports delay_logging_resolution_limit delay_notice_recipient delay_warning_time deliver_lock_attempts
  deliver_lock_delay destination_concurrency_feedback_debug detect_8bit_encoding_header disable_dns_lookups
  disable_mime_input_processing disable_mime_output_conversion disable_verp_bounces dns_ncache_ttl_fix_enable
  dnsblog_reply_delay dnsblog_service_name dnssec_probe dont_remove double_bounce_sender duplicate_filter_limit
  empty_address_default_transport_maps_lookup_key empty_address_local_login_sender_maps_lookup_key
  empty_address_recipient empty_address_relayhost_maps_lookup_key enable_idna2003_compatibility enable_long_queue_ids
  enable_original_recipient enable_threaded_bounces error_notice_recipient error_service_name
  execution_directory_expansion_filter expand_owner_alias export_environment fallback_transport
  fallback_transport_maps fast_flush_domains fast_flush_purge_time fast_flush_refresh_time fault_injection_code
  flush_service_name fork_attempts fork_delay forward_expansion_filter forward_path frozen_delivered_to
  hash_queue_depth hash_queue_names header_address_token_limit header_from_format header_size_limit helpful_warnings
  home_mailbox hopcount_limit html_directory ignore_mx_lookup_error import_environment in_flow_delay
  info_log_address_format initial_destination_concurrency internal_mail_filter_classes invalid_hostname_reject_code
  ipc_idle ipc_timeout ipc_ttl known_tcp_ports line_length_limit lmdb_map_size local_command_shell
  local_delivery_status_filter local_destination_concurrency_limit local_destination_recipient_limit
  local_header_rewrite_clients local_login_sender_maps mail_name mail_owner mail_release_date mail_spool_directory
  mail_version mailbox_command mailbox_command_maps mailbox_delivery_lock mailbox_size_limit mailbox_transport
  mailbox_transport_maps maillog_file maillog_file_compressor maillog_file_prefixes maillog_file_rotate_suffix
  mailq_path manpage_directory maps_rbl_domains maps_rbl_reject_code masquerade_classes masquerade_domains
  masquerade_exceptions max_idle max_use maximal_backoff_time maximal_queue_lifetime message_drop_headers
  message_strip_characters meta_directory milter_command_timeout milter_connect_macros milter_connect_timeout
  milter_content_timeout milter_data_macros milter_default_action milter_end_of_data_macros
  milter_end_of_header_macros milter_helo_macros milter_macro_daemon_name milter_macro_defaults milter_macro_v
  milter_mail_macros milter_protocol milter_rcpt_macros milter_unknown_command_macros mime_boundary_length_limit
  mime_nesting_limit minimal_backoff_time multi_instance_directories multi_instance_enable multi_instance_group
  multi_instance_name multi_instance_wrapper multi_recipient_bounce_reject_code myorigin newaliases_path
  non_fqdn_reject_code notify_classes openssl_path owner_request_special pickup_service_name
  pipe_delivery_status_filter plaintext_reject_code postlog_service_name postlogd_watchdog_timeout
  postmulti_control_commands postmulti_start_commands postmulti_stop_commands postscreen_bare_newline_ttl
  postscreen_cache_cleanup_interval postscreen_cache_map postscreen_cache_retention_time postscreen_command_time_limit
  postscreen_disable_vrfy_command postscreen_discard_ehlo_keyword_address_maps postscreen_discard_ehlo_keywords
  postscreen_dnsbl_max_ttl postscreen_dnsbl_min_ttl postscreen_dnsbl_reply_map postscreen_dnsbl_timeout
  postscreen_expansion_filter postscreen_greet_banner postscreen_greet_ttl postscreen_greet_wait
  postscreen_non_smtp_command_ttl postscreen_pipelining_ttl postscreen_post_queue_limit postscreen_pre_queue_limit
  postscreen_reject_footer postscreen_reject_footer_maps postscreen_upstream_proxy_timeout postscreen_use_tls
  postscreen_watchdog_timeout prepend_delivered_header process_id process_id_directory process_name
  propagate_unmatched_extensions proxy_read_maps proxy_write_maps proxymap_service_name proxywrite_service_name
  qmqpd_client_port_logging qmqpd_error_delay qmqpd_timeout queue_directory queue_file_attribute_count_limit
  queue_run_delay queue_service_name rbl_reply_maps readme_directory receive_override_options
  recipient_canonical_classes reject_code reject_tempfail_action relay_domains_reject_code
  remote_header_rewrite_domain require_home_directory reset_owner_alias respectful_logging rewrite_service_name
  sample_directory send_cyrus_sasl_authzid sender_canonical_classes sendmail_fix_line_endings sendmail_path
  service_name service_throttle_time setgid_group shlib_directory show_user_unknown_table_name showq_service_name
  smtpd_authorized_verp_clients smtpd_authorized_xforward_hosts smtpd_banner smtpd_client_port_logging
  smtpd_delay_open_until_valid_rcpt smtpd_delay_reject smtpd_discard_ehlo_keyword_address_maps
  smtpd_discard_ehlo_keywords smtpd_error_sleep_time smtpd_etrn_restrictions smtpd_expansion_filter
  smtpd_forbid_bare_newline_reject_code smtpd_history_flush_threshold smtpd_log_access_permit_actions
  smtpd_min_data_rate smtpd_noop_commands smtpd_null_access_lookup_key smtpd_per_request_deadline
  smtpd_policy_service_default_action smtpd_policy_service_max_idle smtpd_policy_service_max_ttl
  smtpd_policy_service_policy_context smtpd_policy_service_request_limit smtpd_policy_service_retry_delay
  smtpd_policy_service_timeout smtpd_policy_service_try_limit smtpd_proxy_ehlo smtpd_proxy_options smtpd_proxy_timeout
  smtpd_recipient_overshoot_limit smtpd_reject_footer smtpd_reject_footer_maps
  smtpd_relay_before_recipient_restrictions smtpd_restriction_classes smtpd_sasl_authenticated_header
  smtpd_sasl_response_limit smtpd_sasl_service smtpd_service_name smtpd_soft_error_limit smtpd_starttls_timeout
  smtpd_timeout smtpd_tls_CAfile smtpd_tls_CApath smtpd_tls_always_issue_session_ids smtpd_tls_ccert_verifydepth
  smtpd_tls_cert_file smtpd_tls_chain_files smtpd_tls_ciphers smtpd_tls_dcert_file smtpd_tls_dh1024_param_file
  smtpd_tls_dh512_param_file smtpd_tls_dkey_file smtpd_tls_eccert_file smtpd_tls_eckey_file smtpd_tls_eecdh_grade
  smtpd_tls_exclude_ciphers smtpd_tls_fingerprint_digest smtpd_tls_key_file smtpd_tls_loglevel
  smtpd_tls_mandatory_ciphers smtpd_tls_mandatory_exclude_ciphers smtpd_tls_mandatory_protocols smtpd_tls_protocols
  smtpd_tls_received_header smtpd_tls_session_cache_database smtpd_tls_session_cache_timeout
  smtpd_upstream_proxy_timeout smtpd_use_tls smtputf8_autodetect_classes smtputf8_enable soft_bounce stale_lock_time
  stress strict_mailbox_ownership sun_mailtool_compatibility syslog_facility syslog_name tcp_windowsize
  tlsmgr_service_name trace_service_name transport_retry_time trigger_timeout undisclosed_recipients_header
  unknown_address_reject_code unknown_address_tempfail_action unknown_client_reject_code
  unknown_helo_hostname_tempfail_action unknown_hostname_reject_code unknown_local_recipient_reject_code
  unknown_relay_recipient_reject_code unknown_virtual_alias_reject_code unknown_virtual_mailbox_reject_code
  unverified_recipient_defer_code unverified_recipient_reject_code unverified_recipient_reject_reason
  unverified_recipient_tempfail_action unverified_sender_defer_code unverified_sender_reject_code
  unverified_sender_reject_reason unverified_sender_tempfail_action verp_delimiter_filter
  virtual_alias_address_length_limit virtual_alias_expansion_limit virtual_alias_recursion_limit
  virtual_delivery_status_filter virtual_gid_maps virtual_mailbox_base virtual_mailbox_limit virtual_mailbox_lock
  virtual_minimum_uid virtual_uid_maps`;

/** Parameters of Postfix's own that are named after a transport: how fast it delivers. */
const ofTransport =
  /^[^_]\S*_(?:initial_destination_concurrency|destination_(?:concurrency_(?:failed_cohort_limit|limit|negative_feedback|positive_feedback)|rate_delay|recipient_limit)|delivery_slot_(?:cost|discount|loan)|minimum_delivery_slots|extra_recipient_limit|recipient_(?:limit|refill_delay|refill_limit)|transport_rate_delay|time_limit)$/;

/** Names of earlier releases that 3.7 still reads, and what they are called now. */
const earlierNames: ReadonlyMap<string, string> = new Map([
  ['authorized_verp_clients', 'smtpd_authorized_verp_clients'],
  ['postscreen_blacklist_action', 'postscreen_denylist_action'],
  ['postscreen_dnsbl_ttl', 'postscreen_dnsbl_max_ttl'],
  ['postscreen_dnsbl_whitelist_threshold', 'postscreen_dnsbl_allowlist_threshold'],
  ['postscreen_whitelist_interfaces', 'postscreen_allowlist_interfaces'],
  ['smtpd_client_connection_limit_exceptions', 'smtpd_client_event_limit_exceptions'],
  ['smtpd_per_record_deadline', 'smtpd_per_request_deadline'],
  ['virtual_maps', 'virtual_alias_maps'],
]);

export type ParameterClass =
  | { readonly kind: 'carried' | 'irrelevant' | 'unknown' }
  /** `quiet`: values, names in them not replaced, that need no remark; the first is the default. */
  | { readonly kind: 'reported'; readonly code: RemarkCode; readonly quiet: readonly string[] };

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function defaultsIn(text: string): (readonly [name: string, values: string])[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\S+) =(.*)$/.exec(line))
    .flatMap((match) => (match ? [[match[1] ?? '', (match[2] ?? '').trim()] as const] : []));
}

const classes = new Map<string, ParameterClass>([
  ...words(irrelevant).map((name) => [name, { kind: 'irrelevant' }] as const),
  ...words(carried).map((name) => [name, { kind: 'carried' }] as const),
  ...Object.entries(reported).flatMap(([code, text]) =>
    defaultsIn(text).map(([name, values]) => {
      const quiet = values.split(/(?:^|\s+)\|\s+/).map((value) => value.trim());
      return [name, { kind: 'reported', code: code as RemarkCode, quiet }] as const;
    }),
  ),
]);

/** Defaults by name, as `postconf -d` prints them; names of earlier releases have none. */
export const parameterDefaults: ReadonlyMap<string, string> = new Map([
  ...[...earlierNames.keys()].map((name) => [name, ''] as const),
  ...defaultsIn(otherDefaults),
  ...[...classes].flatMap(([name, found]) =>
    found.kind === 'reported' ? [[name, found.quiet[0] ?? ''] as const] : [],
  ),
]);

export function classOf(name: string): ParameterClass {
  const known = classes.get(earlierNames.get(name) ?? name);
  if (known) return known;
  const isIrrelevant = ofTransport.test(name) || irrelevantPrefixes.some((prefix) => name.startsWith(prefix));
  return { kind: isIrrelevant ? 'irrelevant' : 'unknown' };
}
