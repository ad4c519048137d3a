"""Subscription and customer-loyalty metrics from raw CRM, billing and social tables.

Data flows one way, and imports follow it:
sources -> landing -> staging -> months -> metrics -> publication.
"""
